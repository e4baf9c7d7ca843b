import type { Collection, Store } from '../store/store.ts';

export interface InstanceRecord {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly zone: string;
  readonly instanceName: string;
  readonly instanceType: string;
  readonly imageId: string;
  readonly privateIp: string;
  readonly createDate: number;
  readonly ramRoleName?: string | undefined;
  /** A policy document that narrows what the instance may do as its role. */
  readonly ramRolePolicy?: string | undefined;
  /** Whether its metadata service refuses reads without a token (`HttpTokens: required`). */
  readonly hardened: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** By instance id. */
export function openInstances(store: Store): Collection<InstanceRecord> {
  return store.collection('instances');
}

export function instanceArn({ region, accountId, instanceId }: InstanceRecord): string {
  return `acs:ecs:${region}:${accountId}:instance/${instanceId}`;
}
