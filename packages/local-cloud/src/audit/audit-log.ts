import { randomUUID } from 'node:crypto';
import { isoSeconds } from '../clock/clock.ts';
import type { Principal } from '../identities/caller.ts';

/** One RAM decision that a call asked for. */
export interface AuditedDecision {
  readonly action: string;
  readonly resource: string;
  readonly decision: 'Allow' | 'ExplicitDeny' | 'ImplicitDeny';
}

/** An event in the shape of ActionTrail's ("ActionTrail event structure"), of those fields that have a meaning here. */
export interface AuditEvent {
  readonly eventId: string;
  readonly eventVersion: '1';
  readonly eventTime: string;
  readonly eventType: 'ApiCall';
  readonly eventName: string;
  /** The host name the real service would have been called by. */
  readonly eventSource: string;
  /** As ActionTrail names services: `Kms`, `Oss`, `Ram`, `Sts`, `Ecs`. */
  readonly serviceName: string;
  readonly apiVersion: string;
  readonly acsRegion: string;
  readonly requestId: string;
  readonly sourceIpAddress: string;
  readonly userAgent: string;
  readonly userIdentity: AuditIdentity;
  /** Without whatever is secret. */
  readonly requestParameters: Readonly<Record<string, string>>;
  /** Resources by ARN, as RAM was asked about them. */
  readonly resourceName?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
  /** What RAM was asked, and said, for this call. */
  readonly additionalEventData: {
    readonly decisions: readonly AuditedDecision[];
    /** Which statement decided, where one refused. */
    readonly explanation?: string | undefined;
  };
}

export interface AuditIdentity {
  readonly type: 'root-account' | 'ram-user' | 'assumed-role' | 'anonymous';
  readonly principalId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly userName?: string | undefined;
}

/** What a service knows of a call once it has been answered. */
export interface AuditEntry {
  readonly time: number;
  readonly service: 'Kms' | 'Oss' | 'Ram' | 'Sts' | 'Ecs';
  readonly apiVersion: string;
  readonly operation: string;
  readonly region: string;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly principal?: Principal | undefined;
  readonly accessKeyId?: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly decisions: readonly AuditedDecision[];
  readonly explanation?: string | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

export interface AuditLog {
  record(entry: AuditEntry): void;
  events(): AuditEvent[];
  /** The last call signed with this key, as far back as the log goes. */
  lastUse(accessKeyId: string): { readonly time: number; readonly service: string } | undefined;
  clear(): void;
}

/**
 * @param options.capacity how many events are kept; the oldest go first
 * @param options.write given each event as it happens, for a file or a stream
 */
export function createAuditLog(
  options: { capacity?: number | undefined; write?: ((event: AuditEvent) => void) | undefined } = {},
): AuditLog {
  const capacity = options.capacity ?? 20_000;
  // A ring: entries become events only when somebody looks, which keeps the cost off the request.
  let entries: AuditEntry[] = [];
  let oldest = 0;
  return {
    record(entry) {
      options.write?.(toEvent(entry));
      if (entries.length < capacity) entries.push(entry);
      else {
        entries[oldest] = entry;
        oldest = (oldest + 1) % capacity;
      }
    },
    events: () => [...entries.slice(oldest), ...entries.slice(0, oldest)].map(toEvent),
    lastUse(accessKeyId) {
      let last: AuditEntry | undefined;
      for (const entry of entries)
        if (entry.accessKeyId === accessKeyId && (last === undefined || entry.time >= last.time))
          last = entry;
      return last === undefined ? undefined : { time: last.time, service: last.service };
    },
    clear() {
      entries = [];
      oldest = 0;
    },
  };
}

const secretParameters = new Set(
  [
    'Plaintext',
    'SecurityToken',
    'Signature',
    'SecretData',
    'Password',
    'NewPassword',
    'OldPassword',
    'OIDCToken',
    'EncryptedKeyMaterial',
    'ImportToken',
    'UserData',
  ].map((name) => name.toLowerCase()),
);

function toEvent(entry: AuditEntry): AuditEvent {
  const { principal } = entry;
  const host = entry.service.toLowerCase();
  return {
    eventId: randomUUID(),
    eventVersion: '1',
    eventTime: isoSeconds(entry.time),
    eventType: 'ApiCall',
    eventName: entry.operation,
    eventSource:
      entry.service === 'Ram' || entry.service === 'Sts'
        ? `${host}.aliyuncs.com`
        : `${host}.${entry.region}.aliyuncs.com`,
    serviceName: entry.service,
    apiVersion: entry.apiVersion,
    acsRegion: entry.region,
    requestId: entry.requestId,
    sourceIpAddress: entry.sourceIp,
    userAgent: entry.userAgent,
    userIdentity: identity(principal, entry.accessKeyId),
    requestParameters: Object.fromEntries(
      Object.entries(entry.parameters).map(([name, value]) => [
        name,
        secretParameters.has(name.toLowerCase()) ? '***' : value,
      ]),
    ),
    resourceName: entry.decisions[0]?.resource,
    errorCode: entry.error?.code,
    errorMessage: entry.error?.message,
    additionalEventData: { decisions: entry.decisions, explanation: entry.explanation },
  };
}

function identity(principal: Principal | undefined, accessKeyId: string | undefined): AuditIdentity {
  if (principal === undefined) return { type: 'anonymous', accessKeyId };
  const { accountId } = principal;
  switch (principal.type) {
    case 'root':
      return { type: 'root-account', principalId: accountId, accountId, accessKeyId, userName: 'root' };
    case 'user':
      return {
        type: 'ram-user',
        principalId: principal.userId,
        accountId,
        accessKeyId,
        userName: principal.userName,
      };
    case 'role': {
      const { sessionName } = principal.session;
      return {
        type: 'assumed-role',
        principalId: `${principal.roleId}:${sessionName}`,
        accountId,
        accessKeyId,
        userName: `${principal.roleName}:${sessionName}`,
      };
    }
  }
}
