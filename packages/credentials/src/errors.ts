/**
 * The base of every error this package throws. `code` is stable and made to be compared; the message is for people. Neither
 * they nor `cause` ever hold a secret, a token or the body of a response.
 */
export class CredentialsError extends Error {
  readonly code: string;
  /** Whether the same call may succeed a little later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** An option, an environment variable or an entry of a configuration file is missing or makes no sense. */
export class InvalidConfigurationError extends CredentialsError {
  constructor(message: string) {
    super('InvalidConfiguration', message);
  }
}

/** A provider has nothing to work with here (no environment variable, no file, switched off): a chain goes on to the next. */
export class ProviderNotConfiguredError extends CredentialsError {
  constructor(message: string) {
    super('ProviderNotConfigured', message);
  }
}

/** `close()` was called on the provider. */
export class ProviderClosedError extends CredentialsError {
  constructor(providerName: string) {
    super('ProviderClosed', `The ${providerName} credentials provider was closed; create a new one.`);
  }
}

/** Why one provider of a chain gave nothing. */
export interface ChainFailure {
  readonly providerName: string;
  readonly code: string;
  readonly reason: string;
}

/** No provider of a chain answered. `failures` lists each with its reason, in the order they were asked. */
export class NoCredentialsError extends CredentialsError {
  readonly failures: readonly ChainFailure[];

  constructor(failures: readonly ChainFailure[], options: { retryable?: boolean; cause?: unknown } = {}) {
    const lines = failures.map((failure) => `  - ${failure.providerName}: ${failure.reason}`);
    super('NoCredentials', ['No credentials provider answered:', ...lines].join('\n'), options);
    this.failures = failures;
  }
}

/** The credential that was had is past its expiration, and no newer one was offered. */
export class ExpiredCredentialsError extends CredentialsError {
  constructor(providerName: string, expiration: Date) {
    super(
      'CredentialsExpired',
      `${providerName} answered with a credential that expired at ${expiration.toISOString()}, by the service's own clock.`,
      { retryable: true },
    );
  }
}

/** Nothing answered at the endpoint in time, or the connection broke. */
export class EndpointUnreachableError extends CredentialsError {
  readonly endpoint: string;

  constructor(endpoint: string, reason: string, cause?: unknown) {
    super('EndpointUnreachable', `${endpoint} gave no answer: ${reason}.`, { retryable: true, cause });
    this.endpoint = endpoint;
  }
}

/** The instance metadata service cannot be reached: the process does not run on an ECS instance, or a firewall is in the way. */
export class MetadataServiceUnreachableError extends CredentialsError {
  readonly endpoint: string;

  constructor(endpoint: string, reason: string, cause?: unknown) {
    super(
      'MetadataServiceUnreachable',
      `The instance metadata service at ${endpoint} cannot be reached: ${reason}. ` +
        'Run on an ECS instance (or set `endpoint`), and allow the instance to reach that address.',
      { retryable: true, cause },
    );
    this.endpoint = endpoint;
  }
}

/** A plain (v1) read was refused: the instance serves metadata in hardened mode only. */
export class HardenedModeRequiredError extends CredentialsError {
  constructor(endpoint: string) {
    super(
      'MetadataHardenedModeRequired',
      `The metadata service at ${endpoint} refused a plain read (403): the instance is in hardened mode, and no metadata token ` +
        'could be had. Allow PUT /latest/api/token through whatever stands between the process and the service.',
    );
  }
}

/** The service has no hardened mode, and plain (v1) reads were not allowed. */
export class HardenedModeUnsupportedError extends CredentialsError {
  constructor(endpoint: string, status: number) {
    super(
      'MetadataHardenedModeUnsupported',
      `The metadata service at ${endpoint} gave no token (PUT /latest/api/token answered ${status}). ` +
        'Turn hardened mode on for the instance, or set `allowImdsV1: true` to accept plain reads.',
    );
  }
}

/** The instance has no RAM role, or not the one that was asked for. */
export class RoleNotAttachedError extends CredentialsError {
  constructor(roleName: string | undefined) {
    super(
      'RoleNotAttached',
      roleName === undefined
        ? 'No RAM role is attached to this instance. Attach one (ecs:AttachInstanceRamRole).'
        : `The RAM role ${roleName} is not attached to this instance. Attach it (ecs:AttachInstanceRamRole), or leave ` +
            '`roleName` out to use the one that is.',
    );
  }
}

/** The service answered with a status that is no success. */
export class UnexpectedStatusError extends CredentialsError {
  readonly status: number;

  constructor(what: string, status: number) {
    super('UnexpectedStatus', `${what} answered ${status}.`, { retryable: status === 429 || status >= 500 });
    this.status = status;
  }
}

/** A response, or a file, is not what its format says. `path` is where, in JSON notation, such as `$.Credentials.Expiration`. */
export class MalformedResponseError extends CredentialsError {
  readonly path: string;

  constructor(
    what: string,
    path: string,
    expected: string,
    options: { readonly retryable: boolean } = { retryable: true },
  ) {
    super('MalformedResponse', `${what} is malformed at ${path}: expected ${expected}.`, options);
    this.path = path;
  }
}

/** STS refused to hand out credentials for a role. `stsCode` and `requestId` are what its support asks for. */
export class AssumeRoleError extends CredentialsError {
  readonly roleArn: string;
  readonly status: number;
  readonly stsCode: string;
  readonly requestId: string | undefined;

  constructor(
    action: string,
    roleArn: string,
    answer: {
      status: number;
      stsCode: string;
      message: string;
      requestId: string | undefined;
      retryable: boolean;
    },
  ) {
    const { status, stsCode, requestId } = answer;
    const request = requestId === undefined ? '' : ` (request ${requestId})`;
    super(
      'AssumeRoleFailed',
      `${action} for ${roleArn} failed with ${stsCode}: ${answer.message}${request}`,
      {
        retryable: answer.retryable,
      },
    );
    this.roleArn = roleArn;
    this.status = status;
    this.stsCode = stsCode;
    this.requestId = requestId;
  }
}

/** A file with credentials, or an OIDC token file, is there but cannot be read. */
export class CredentialsFileError extends CredentialsError {
  readonly file: string;
  /** The operating system's code, such as `EACCES`. */
  readonly systemCode: string;

  constructor(file: string, systemCode: string) {
    const advice =
      systemCode === 'EACCES' || systemCode === 'EPERM'
        ? 'The user this process runs as may not read it; give that user read permission (chmod 600, chown).'
        : systemCode === 'ENOENT'
          ? 'There is no such file.'
          : systemCode === 'EFBIG'
            ? 'It is too large to be what it should be.'
            : 'Check that it is a regular file.';
    super('CredentialsFileUnreadable', `${file} cannot be read (${systemCode}). ${advice}`);
    this.file = file;
    this.systemCode = systemCode;
  }
}

/** The session of a person (CloudSSO, OAuth) is over; somebody must sign in again with the official CLI. */
export class SignInRequiredError extends CredentialsError {
  constructor(message: string) {
    super('SignInRequired', message);
  }
}

/** The command of an `External` profile failed, or took too long. Its output is not shown: it may hold secrets. */
export class ExternalCommandError extends CredentialsError {
  constructor(profileName: string, reason: string) {
    super('ExternalCommandFailed', `The process_command of profile ${profileName} failed: ${reason}.`, {
      retryable: true,
    });
  }
}
