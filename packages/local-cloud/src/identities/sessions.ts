import type { Clock } from '../clock/clock.ts';
import type { Store } from '../store/store.ts';
import { type Directory, newSecurityToken, newSessionKeyId, newSessionSecret } from './directory.ts';
import type { RoleRecord, SessionRecord } from './records.ts';

/** How long an expired session is remembered, so that its use is answered with "expired" and not "unknown". */
const remembered = 24 * 3_600_000;

/** Issues temporary credentials for a role. Whether they may be had is the caller's to decide first. */
export function issueSession(
  { store, directory, clock }: { store: Store; directory: Directory; clock: Clock },
  role: RoleRecord,
  options: {
    sessionName: string;
    durationSeconds: number;
    issuedTo: string;
    sessionPolicy?: string | undefined;
  },
): SessionRecord {
  const now = clock.now();
  const session: SessionRecord = {
    accessKeyId: newSessionKeyId(),
    accessKeySecret: newSessionSecret(),
    securityToken: newSecurityToken(),
    accountId: role.accountId,
    roleName: role.roleName,
    roleId: role.roleId,
    sessionName: options.sessionName,
    sessionPolicy: options.sessionPolicy,
    issued: now,
    // The services state expirations in whole seconds, and the state must not promise more than they say.
    expiration: Math.floor(now / 1000) * 1000 + options.durationSeconds * 1000,
    issuedTo: options.issuedTo,
  };
  store.transaction(() => {
    forgetExpired(directory, now);
    directory.sessions.put(session.accessKeyId, session);
  });
  return session;
}

/** Now and then, so that a cloud that runs for weeks does not fill up with the sessions of its past. */
function forgetExpired(directory: Directory, now: number): void {
  if (directory.sessions.size % 256 !== 255) return;
  for (const [key, session] of [...directory.sessions.entries()])
    if (session.expiration + remembered < now) directory.sessions.delete(key);
}
