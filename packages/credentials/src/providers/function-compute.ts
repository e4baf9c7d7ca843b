import * as t from 'io-ts';
import { type Credentials, type CredentialsProvider, snapshotOf } from '../credentials.ts';
import { ProviderNotConfiguredError } from '../errors.ts';
import { decodeValue, NonEmptyString } from '../http/decode-json.ts';
import { environment } from './environment.ts';
import type { EnvironmentVariables } from './environment-variables.ts';

/** The part of a handler's context that holds the credentials of the function's role. */
export interface FunctionComputeContext {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
    readonly securityToken: string;
  };
}

/** A provider that takes the credentials which come with each invocation. */
export interface FunctionComputeProvider extends CredentialsProvider {
  /** First line of a handler of a built-in runtime: `credentials.useContext(context)`. @throws MalformedResponseError */
  useContext(context: FunctionComputeContext): void;
  /** The same for a custom runtime or container, whose requests carry `x-fc-access-key-id` and so on. @throws MalformedResponseError */
  useHeaders(headers: Readonly<Record<string, string | readonly string[] | undefined>>): void;
}

const FunctionCredentials = t.type({
  accessKeyId: NonEmptyString,
  accessKeySecret: NonEmptyString,
  securityToken: NonEmptyString,
});

/**
 * The role of a function in Function Compute. Each invocation brings credentials that outlive it; the newest ones are used,
 * and before the first invocation those in the environment. Function Compute does not say when they expire, so nothing is
 * refreshed here: hand over what each invocation brings.
 *
 * `getCredentials` rejects with ProviderNotConfiguredError when the function has no role.
 *
 * @see https://www.alibabacloud.com/help/en/functioncompute/fc/context-and-log-format-1
 */
export function functionCompute(
  options: {
    readonly context?: FunctionComputeContext | undefined;
    readonly env?: EnvironmentVariables | undefined;
  } = {},
): FunctionComputeProvider {
  const { env = process.env } = options;
  const fromEnvironment = environment({ env });
  let latest: Credentials | undefined;

  function take(value: unknown, what: string): void {
    latest = snapshotOf(decodeValue(FunctionCredentials, value, what), 'function_compute');
  }

  const provider: FunctionComputeProvider = {
    providerName: 'function_compute',
    async getCredentials() {
      if (latest !== undefined) return latest;
      try {
        return snapshotOf(await fromEnvironment.getCredentials(), 'function_compute');
      } catch {
        throw new ProviderNotConfiguredError(
          'No credentials in the environment and no invocation yet: give the function a role, and call useContext or useHeaders first in the handler.',
        );
      }
    },
    useContext: (context) => take(context?.credentials, "The handler context's credentials"),
    useHeaders(headers) {
      const value = {
        accessKeyId: headers['x-fc-access-key-id'],
        accessKeySecret: headers['x-fc-access-key-secret'],
        securityToken: headers['x-fc-security-token'],
      };
      take(value, "The request's x-fc- headers");
    },
  };
  if (options.context !== undefined) provider.useContext(options.context);
  return provider;
}
