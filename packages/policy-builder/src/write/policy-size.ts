import { PolicyError } from '../errors.ts';
import type { Policy } from '../model/policy.ts';

/** What a policy is attached to, which settles how long it may be. */
export type PolicyKind = 'custom' | 'trust' | 'session' | 'bucket';

/**
 * Longest policies, in characters of compact JSON.
 *
 * Sources: RAM "Limits" (custom and trust policies); STS, notice of 2022-09-19 on `Policy` of AssumeRole (2,048 instead of
 * 1,024); OSS, ossutil "bucket-policy" (16 KB).
 */
export const MAX_POLICY_CHARACTERS: Readonly<Record<PolicyKind, number>> = {
  custom: 6144,
  trust: 2048,
  session: 2048,
  bucket: 16_384,
};

/** Characters that count against the limit: the policy's canonical JSON without blanks. */
export function policySize(policy: Policy): number {
  return JSON.stringify(policy).length;
}

/** @throws PolicyError `PolicyTooLong` */
export function checkPolicySize(policy: Policy, kind: PolicyKind): void {
  const size = policySize(policy);
  const limit = MAX_POLICY_CHARACTERS[kind];
  if (size > limit)
    throw new PolicyError(
      'PolicyTooLong',
      `The ${kind} policy has ${size} characters; RAM takes at most ${limit}. Use wildcards or split it into several policies.`,
    );
}
