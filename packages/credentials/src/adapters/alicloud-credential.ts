import { AsyncLocalStorage } from 'node:async_hooks';
import type { Credentials, CredentialsProvider } from '../credentials.ts';

/** What `getCredential()` answers: one snapshot, in the official clients' shape. */
export interface AlicloudCredentialModel {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string | undefined;
  readonly bearerToken: undefined;
  readonly type: string;
  readonly providerName: string;
}

/** What every official `@alicloud` client reads its credential from. */
export interface AlicloudCredential {
  getCredential(): Promise<AlicloudCredentialModel>;
  getAccessKeyId(): Promise<string>;
  getAccessKeySecret(): Promise<string>;
  /** An empty string when the credential is an AccessKey, which the clients take as "none". */
  getSecurityToken(): Promise<string>;
  getBearerToken(): string;
  getType(): string;
}

/**
 * The reading that the asynchronous call at hand has begun, and for which credential object. One for the whole process, so
 * that what a call carries along stays one entry, however many credential objects it uses.
 */
const readingOfThisCall = new AsyncLocalStorage<{
  readonly owner: object;
  readonly reading: Promise<Credentials>;
}>();

/**
 * Turn a provider into the object that official `@alicloud` clients take as `credential`.
 *
 * Clients on `@alicloud/openapi-core` call `getCredential()`: one question, one snapshot. Older ones
 * (`@alicloud/kms20160120`, `@alicloud/oss-client`, `@alicloud/gateway-pop`) ask three times for one request, first the id, then
 * secret and token, while other requests ask in between. Why their answers belong together all the same is written down in
 * `docs/torn-reads.md` of this package; in short: asking for the id begins a reading, which travels with the asynchronous
 * call that asked.
 */
export function toAlicloudCredential(provider: CredentialsProvider): AlicloudCredential {
  const owner = {};
  let readingOfThisTurn: Promise<Credentials> | undefined;

  /** The credential now, held still until the event loop turns: whoever is between two getters has only promises to wait for. */
  function read(): Promise<Credentials> {
    if (readingOfThisTurn === undefined) {
      const reading = provider.getCredentials();
      readingOfThisTurn = reading;
      const release = () =>
        setImmediate(() => {
          if (readingOfThisTurn === reading) readingOfThisTurn = undefined;
        });
      reading.then(release, release);
    }
    return readingOfThisTurn;
  }

  /** Must not wait before `enterWith`: only while the caller's own code is on the stack does it see the reading afterwards. */
  function beginReading(): Promise<Credentials> {
    const reading = read();
    readingOfThisCall.enterWith({ owner, reading });
    return reading;
  }

  function continueReading(): Promise<Credentials> {
    const begun = readingOfThisCall.getStore();
    return begun?.owner === owner ? begun.reading : read();
  }

  return {
    getCredential: () =>
      read().then(({ accessKeyId, accessKeySecret, securityToken, providerName }) => ({
        accessKeyId,
        accessKeySecret,
        securityToken,
        bearerToken: undefined,
        type: securityToken === undefined ? 'access_key' : 'sts',
        providerName,
      })),
    getAccessKeyId: () => beginReading().then((credentials) => credentials.accessKeyId),
    getAccessKeySecret: () => continueReading().then((credentials) => credentials.accessKeySecret),
    getSecurityToken: () => continueReading().then((credentials) => credentials.securityToken ?? ''),
    getBearerToken: () => '',
    getType: () => 'sts',
  };
}
