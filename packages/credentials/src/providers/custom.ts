import * as t from 'io-ts';
import type { CredentialFields, CredentialsProvider } from '../credentials.ts';
import { EndpointUnreachableError } from '../errors.ts';
import { type FreshnessOptions, freshCredentials } from '../freshness/fresh-credentials.ts';
import { decodeValue, NonEmptyString } from '../http/decode-json.ts';

const ValidDate = new t.Type<Date, Date, unknown>(
  'a valid Date',
  (value): value is Date => value instanceof Date,
  (value, context) =>
    value instanceof Date && !Number.isNaN(value.getTime()) ? t.success(value) : t.failure(value, context),
  t.identity,
);

const CustomAnswer = t.intersection([
  t.type({ accessKeyId: NonEmptyString, accessKeySecret: NonEmptyString }),
  t.partial({
    securityToken: t.union([t.string, t.undefined]),
    expiration: t.union([ValidDate, t.undefined]),
  }),
]);

export interface CustomOptions extends FreshnessOptions {
  /** Default `custom`. */
  readonly providerName?: string | undefined;
  /** For each call of the function, milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Credentials from a function of your own, kept fresh like all others: it is called once for any number of concurrent
 * callers, ahead of expiry in the background, and again after a failure. Without `expiration` in its answer it is asked every
 * 15 minutes.
 *
 * `getCredentials` rejects with what the function rejects with, with EndpointUnreachableError when it does not
 * answer in time, or with MalformedResponseError.
 */
export function custom(
  get: (context: { readonly signal: AbortSignal }) => Promise<CredentialFields>,
  options: CustomOptions = {},
): CredentialsProvider {
  const { providerName = 'custom', timeoutMs = 30_000 } = options;
  return freshCredentials(
    {
      providerName,
      async fetch({ signal: closing }) {
        const deadline = AbortSignal.timeout(timeoutMs);
        const signal = AbortSignal.any([deadline, closing]);
        // The function may ignore its signal; everybody who waits for it may not wait for ever.
        const given = await Promise.race([get({ signal }), whenAborted(signal)]).catch((error: unknown) => {
          if (!deadline.aborted) throw error;
          const what = `The ${providerName} credentials function`;
          throw new EndpointUnreachableError(what, `no answer within ${timeoutMs} ms`);
        });
        return decodeValue(CustomAnswer, given, `The answer of the ${providerName} credentials function`);
      },
    },
    options,
  );
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}
