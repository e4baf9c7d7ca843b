import type { AuditLog } from './audit/audit-log.ts';
import type { Clock } from './clock/clock.ts';
import type { FaultSource } from './faults/faults.ts';
import type { Directory } from './identities/directory.ts';
import type { Nonces } from './signatures/nonces.ts';
import type { Store } from './store/store.ts';

export const serviceNames = ['imds', 'sts', 'ram', 'kms', 'oss', 'ecs'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What every service stands on: one cloud's clock, state, identities, faults and audit log. */
export interface Platform {
  /** The region of whatever does not name one. */
  readonly region: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly directory: Directory;
  readonly nonces: Nonces;
  readonly faults: FaultSource;
  readonly audit: AuditLog;
  /** Whether a refusal's message tells which statement refused, as the real services never do. */
  readonly explainRefusals: boolean;
  /** Whether the state outlives the process: there is a data directory. */
  readonly durable: boolean;
  /** Where files may be kept: the data directory, or a temporary one that `close` removes. Made on first use. */
  directoryFor(purpose: string): string;
}
