import { evaluate } from '@yunseal/policy-builder';
import { type AccessDecision, explained, parsedPolicy } from '../authorization/authorize.ts';
import { isoSeconds } from '../clock/clock.ts';
import { arn } from '../identities/directory.ts';
import type { RoleRecord } from '../identities/records.ts';
import type { Platform } from '../platform.ts';

/** Whether a role's trust policy alone lets a service or an identity provider's user assume it. */
export function decideTrust(
  platform: Platform,
  role: RoleRecord,
  principal: { service: string } | { federated: string },
  context: Readonly<Record<string, string | string[]>>,
  action = 'sts:AssumeRole',
): AccessDecision {
  const evaluation = evaluate(
    { resource: [{ name: 'trust policy', document: parsedPolicy(role.trustPolicy) }] },
    {
      action,
      resource: arn.role(role.accountId, role.roleName),
      principal,
      context: { 'acs:CurrentTime': isoSeconds(platform.clock.now()), ...context },
    },
  );
  return explained(evaluation);
}
