import type { Policy } from '../model/policy.ts';
import { isPrincipalList } from '../model/policy.ts';
import { MAX_POLICY_CHARACTERS, type PolicyKind, policySize } from '../write/policy-size.ts';
import type { Report } from './finding.ts';

/** Policies that RAM would refuse for their length. */
export function lintSize(policy: Policy, report: Report): void {
  const kind = kindOf(policy);
  const size = policySize(policy);
  const limit = MAX_POLICY_CHARACTERS[kind];
  if (size > limit)
    report(
      'policy-too-long',
      'error',
      '$',
      `The policy has ${size} characters; a ${kind} policy can have ${limit}.`,
      'Use wildcards, or split it into several policies.',
    );
}

/** What a policy is for, told by its principals. */
function kindOf(policy: Policy): PolicyKind {
  for (const { Principal, NotPrincipal } of policy.Statement) {
    const principal = Principal ?? NotPrincipal;
    if (principal !== undefined) return isPrincipalList(principal) ? 'bucket' : 'trust';
  }
  return 'custom';
}
