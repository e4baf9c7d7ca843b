import { inspect } from 'node:util';

/**
 * One credential as it was at one moment. It never changes after it is handed out: a rotation brings a new object, so id,
 * secret and token read from one object always belong together.
 */
export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Present on temporary credentials only; such a request fails without it. */
  readonly securityToken?: string | undefined;
  /** When the service stops accepting it, in the service's time. Absent on an AccessKey, which does not expire by itself. */
  readonly expiration?: Date | undefined;
  /** Where it came from, in the official SDKs' notation, such as `ecs_ram_role` or `ram_role_arn/static_ak`. */
  readonly providerName: string;
}

/** Where credentials come from. Everything in this package that takes or gives credentials does it through this. */
export interface CredentialsProvider {
  /** What a chain calls it when it lists who did not answer. */
  readonly providerName?: string | undefined;
  /**
   * The credential to use now. Ask for each request instead of keeping the answer: a warm provider answers from memory.
   * @throws CredentialsError (a subclass per cause) when there is no valid credential and none can be had.
   */
  getCredentials(): Promise<Credentials>;
  /**
   * Tell that a service refused this credential as expired or revoked although it should still be valid: the next
   * `getCredentials` waits for an attempt to get another. Nothing happens when it has been replaced already. Repeated reports
   * of one that cannot be replaced cause ever fewer attempts.
   */
  reportRejected?(credentials: Credentials): void;
  /** Stop a refresh that is under way; afterwards `getCredentials` rejects. */
  close?(): void;
}

/** The fields of a credential, before it is made an immutable {@link Credentials}. */
export interface CredentialFields {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/**
 * Freeze the fields of a credential into one value that prints and serialises without its secrets: a log line that happens to
 * contain it shows the id, the source and the expiry.
 */
export function snapshotOf(fields: CredentialFields, providerName: string): Credentials {
  const { accessKeyId, accessKeySecret, securityToken, expiration } = fields;
  const credentials = {
    accessKeyId,
    accessKeySecret,
    ...(securityToken === undefined || securityToken === '' ? {} : { securityToken }),
    ...(expiration === undefined ? {} : { expiration: new Date(expiration) }),
    providerName,
  };
  const printed = () => ({
    accessKeyId,
    accessKeySecret: '[hidden]',
    ...(credentials.securityToken === undefined ? {} : { securityToken: '[hidden]' }),
    ...(credentials.expiration === undefined ? {} : { expiration: credentials.expiration }),
    providerName,
  });
  Object.defineProperty(credentials, 'toJSON', { value: printed });
  Object.defineProperty(credentials, inspect.custom, { value: printed });
  return Object.freeze(credentials);
}
