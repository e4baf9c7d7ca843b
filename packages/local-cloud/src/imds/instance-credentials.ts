import type { InstanceRecord } from '../ecs/records.ts';
import { entityKey } from '../identities/directory.ts';
import type { RoleRecord, SessionRecord } from '../identities/records.ts';
import { issueSession } from '../identities/sessions.ts';
import type { Platform } from '../platform.ts';
import { decideTrust } from '../sts/trust.ts';

/** A new credential is there this long before the current one expires; both work meanwhile. */
const overlapMs = 30 * 60_000;

/** Which session an instance's role has at the moment, by instance, role and the policy that narrows it. */
interface CurrentCredential {
  readonly accessKeyId: string;
}

/** The role an instance has, if it has one that still exists and lets ECS assume it. */
export function instanceRole(platform: Platform, instance: InstanceRecord): RoleRecord | undefined {
  if (instance.ramRoleName === undefined) return undefined;
  const role = platform.directory.roles.get(entityKey(instance.accountId, instance.ramRoleName));
  if (role === undefined) return undefined;
  return decideTrust(platform, role, { service: 'ecs.aliyuncs.com' }, {}).decision === 'Allow'
    ? role
    : undefined;
}

/**
 * The credential the metadata service gives out now: the same one until 30 minutes before it expires (or half of its
 * life, if that is shorter).
 */
export function instanceCredential(
  platform: Platform,
  instance: InstanceRecord,
  role: RoleRecord,
  lifetimeSeconds: number,
): SessionRecord {
  const { store, directory, clock } = platform;
  const currents = store.collection<CurrentCredential>('instanceCredentials');
  const key = JSON.stringify([instance.instanceId, role.roleId, instance.ramRolePolicy]);
  const current = currents.get(key);
  const session = current === undefined ? undefined : directory.sessions.get(current.accessKeyId);
  const overlap = Math.min(overlapMs, (lifetimeSeconds * 1000) / 2);
  // A clock that was moved back must not leave the instance with a credential from the future.
  if (
    session !== undefined &&
    clock.now() < session.expiration - overlap &&
    clock.now() >= session.issued - 1000
  )
    return session;
  return store.transaction(() => {
    const fresh = issueSession(platform, role, {
      sessionName: instance.instanceId,
      durationSeconds: lifetimeSeconds,
      issuedTo: 'ecs.aliyuncs.com',
      sessionPolicy: instance.ramRolePolicy,
    });
    currents.put(key, { accessKeyId: fresh.accessKeyId });
    return fresh;
  });
}
