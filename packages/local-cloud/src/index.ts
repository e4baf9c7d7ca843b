export type { AuditEvent, AuditedDecision, AuditIdentity } from './audit/audit-log.ts';
export type { Clock } from './clock/clock.ts';
export { LocalCloudError, PortInUseError } from './errors.ts';
export type { Fault, FaultKind, Faults, InjectedFault } from './faults/faults.ts';
export type { TlsIdentity } from './http/listener.ts';
export { decodeSeed, type Seed, type SeedAccount } from './seed/seed.ts';
export { readSeedFile } from './seed/seed-file.ts';
export {
  type Account,
  type Administrator,
  type Endpoints,
  type LocalCloud,
  type LocalCloudOptions,
  startLocalCloud,
} from './start.ts';
export type { Snapshot } from './store/store.ts';
export { createOidcIssuer, type OidcIssuer } from './sts/oidc-issuer.ts';
