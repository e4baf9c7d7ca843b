export { type AliOssCredentialOptions, toAliOssOptions } from './adapters/ali-oss-options.ts';
export { setCredential } from './adapters/alicloud-client.ts';
export {
  type AlicloudCredential,
  type AlicloudCredentialModel,
  toAlicloudCredential,
} from './adapters/alicloud-credential.ts';
export type { CredentialFields, Credentials, CredentialsProvider } from './credentials.ts';
export * from './errors.ts';
export {
  type CredentialsEvent,
  type CredentialsEventListener,
  credentialsChannelName,
  type RefreshReason,
} from './events.ts';
export type { FreshnessOptions } from './freshness/fresh-credentials.ts';
export { type ProfileOptions, profile } from './profile/profile.ts';
export { accessKey } from './providers/access-key.ts';
export { type AssumeRoleOptions, type AssumeRoleRequest, assumeRole } from './providers/assume-role.ts';
export { chain } from './providers/chain.ts';
export {
  type CredentialsUriOptions,
  type CredentialsUriRequest,
  credentialsUri,
} from './providers/credentials-uri.ts';
export { type CustomOptions, custom } from './providers/custom.ts';
export { type DefaultChainOptions, defaultChain } from './providers/default-chain.ts';
export { type EcsRamRoleOptions, type EcsRamRoleRequest, ecsRamRole } from './providers/ecs-ram-role.ts';
export { environment } from './providers/environment.ts';
export type { EnvironmentVariables } from './providers/environment-variables.ts';
export {
  type FunctionComputeContext,
  type FunctionComputeProvider,
  functionCompute,
} from './providers/function-compute.ts';
export { type OidcRoleOptions, type OidcRoleRequest, oidcRole } from './providers/oidc-role.ts';
export { stsToken } from './providers/sts-token.ts';
export type { RoleOptions } from './sts/role-options.ts';
export type { StsOptions } from './sts/sts-endpoint.ts';
