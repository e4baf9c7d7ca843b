import type { RegionalService } from './admin/serve-admin.ts';
import type { AuditEvent } from './audit/audit-log.ts';
import type { Clock } from './clock/clock.ts';
import type { Fault, Faults } from './faults/faults.ts';
import type { TlsIdentity } from './http/listener.ts';
import type { ServiceName } from './platform.ts';
import type { Administrator } from './seed/administrator.ts';
import type { Seed, SeedAccount } from './seed/seed.ts';
import type { Snapshot } from './store/store.ts';

export interface LocalCloudOptions {
  /** The first of six ports in a row, in the order of `endpoints`; free ports when absent or 0. */
  readonly port?: number | undefined;
  /** A loopback address; 127.0.0.1 when absent. */
  readonly host?: string | undefined;
  /** Consent to a `host` that other machines can reach: whoever reaches it may use the seeded credentials' services. */
  readonly allowRemoteClients?: boolean | undefined;
  /** Where the metadata service listens, when not at `host` and a port of its own: `100.100.100.200:80` in a network namespace. */
  readonly imdsAddress?: string | undefined;
  /** Keeps the state in this folder, across restarts; in memory when absent. */
  readonly dataDir?: string | undefined;
  /** What a cloud without state starts with; one account with an administrator and an instance when absent. */
  readonly seed?: Seed | undefined;
  /** Where the local clock starts; the real time when absent. */
  readonly clock?: number | Date | undefined;
  /** Faults in force from the start. */
  readonly faults?: readonly Fault[] | undefined;
  /** Lifetime of the credentials the metadata service gives, in seconds; 3600 when absent. */
  readonly instanceCredentialSeconds?: number | undefined;
  /** Whether the message of a refusal says which statement refused; the audit log always does. */
  readonly explainRefusals?: boolean | undefined;
  /** Given each audit event as it happens. */
  readonly onAuditEvent?: ((event: AuditEvent) => void) | undefined;
  /**
   * Serve HTTPS: with this identity, or with one of an authority that the cloud makes (`true`). IMDS stays on HTTP, as
   * the real one does.
   */
  readonly tls?: boolean | TlsIdentity | undefined;
  /** Open the admin API as well (faults, clock, audit log, reset, for programs in other languages). */
  readonly admin?: boolean | undefined;
}

export type Endpoints = Readonly<Record<ServiceName, string>>;

/** An account of its own, for a test. */
export interface Account extends Administrator {
  /** The account's first instance. */
  readonly instanceId: string | undefined;
}

export interface LocalCloud extends AsyncDisposable {
  /** URLs with scheme, host and port, one listener each. */
  readonly endpoints: Endpoints;
  /** The endpoint of a service that serves one region alone; opened on first use. */
  endpointOf(service: RegionalService, region: string): Promise<string>;
  /** The admin API, when it was asked for. */
  readonly adminEndpoint: string | undefined;
  /** With `tls: true`, the certificate (PEM) that clients have to trust. */
  readonly certificateAuthority: string | undefined;
  /** The metadata service of any other instance; opened on first use. */
  metadataEndpointOf(instanceId: string): Promise<string>;
  /**
   * Adds an account, as a seed has it; with an administrator and, unless it says otherwise, one instance.
   *
   * @throws LocalCloudError `SeedInvalid`
   */
  createAccount(account?: Partial<SeedAccount>): Account;
  readonly region: string;
  /** The first user of the seed with AdministratorAccess and an AccessKey. */
  readonly administrator: Administrator;
  /** The instance whose metadata the imds endpoint serves: the first of the seed. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly faults: Faults;
  auditLog(): AuditEvent[];
  snapshot(): Snapshot;
  /** Back to the snapshot, or to the state right after the start; faults and audit log are cleared. */
  reset(snapshot?: Snapshot): void;
  close(): Promise<void>;
}
