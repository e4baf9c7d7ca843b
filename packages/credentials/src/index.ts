export { setCredential } from './adapters/alicloud-client.ts';
export {
  type AlicloudCredential,
  type AlicloudCredentialModel,
  toAlicloudCredential,
} from './adapters/alicloud-credential.ts';
export type { Credentials, CredentialsProvider } from './credentials.ts';
export * from './errors.ts';
export {
  type CredentialsEvent,
  type CredentialsEventListener,
  credentialsChannelName,
  type RefreshReason,
} from './events.ts';
export type { FreshnessOptions } from './freshness/fresh-credentials.ts';
export { accessKey } from './providers/access-key.ts';
export { type EcsRamRoleOptions, ecsRamRole } from './providers/ecs-ram-role.ts';
export type { EnvironmentVariables } from './providers/environment-variables.ts';
export { stsToken } from './providers/sts-token.ts';
