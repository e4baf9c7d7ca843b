import { InvalidConfigurationError } from '../errors.ts';
import type { EnvironmentVariables } from '../providers/environment-variables.ts';

/** What the role operations of STS share. */
export interface RoleOptions {
  /** Names the session in the audit trail: 2 to 64 of `A-Z a-z 0-9 . @ - _`. Default `ALIBABA_CLOUD_ROLE_SESSION_NAME`, else `yunseal-<process id>`. */
  readonly roleSessionName?: string | undefined;
  /** A policy, as text or as an object, that narrows what the session may do below what the role may. */
  readonly policy?: string | object | undefined;
  /** Life of the credentials, seconds: 900 up to the maximum session duration of the role. Default 3,600. */
  readonly durationSeconds?: number | undefined;
}

/** The checked parameters for STS. @throws InvalidConfigurationError */
export function roleParameters(roleArn: string, options: RoleOptions, env: EnvironmentVariables) {
  const { durationSeconds = 3_600, policy } = options;
  const roleSessionName =
    options.roleSessionName || env.ALIBABA_CLOUD_ROLE_SESSION_NAME || `yunseal-${process.pid}`;
  if (!/^acs:ram::\d+:role\/.+$/i.test(roleArn)) {
    throw new InvalidConfigurationError(
      `${JSON.stringify(roleArn)} is no role ARN such as acs:ram::123456789012****:role/name.`,
    );
  }
  if (!/^[A-Za-z0-9.@_-]{2,64}$/.test(roleSessionName)) {
    throw new InvalidConfigurationError(
      `The role session name ${JSON.stringify(roleSessionName)} must be 2 to 64 of A-Z a-z 0-9 . @ - _`,
    );
  }
  if (!Number.isInteger(durationSeconds) || durationSeconds < 900 || durationSeconds > 43_200) {
    throw new InvalidConfigurationError(`durationSeconds must be 900 to 43200, not ${durationSeconds}.`);
  }
  return {
    RoleArn: roleArn,
    RoleSessionName: roleSessionName,
    DurationSeconds: String(durationSeconds),
    Policy: typeof policy === 'object' ? JSON.stringify(policy) : policy,
  };
}
