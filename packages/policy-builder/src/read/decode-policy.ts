import { describeIssue, PolicyError } from '../errors.ts';
import { isPolicy, type Policy } from '../model/policy.ts';
import { issueOf } from './issues.ts';
import { PolicyCodec } from './policy-codec.ts';

/**
 * Decodes a value (RAM JSON that has been parsed already) to a policy.
 *
 * @throws PolicyError `InvalidPolicy` with every issue
 */
export function decodePolicy(value: unknown): Policy {
  if (isPolicy(value)) return value;
  if (typeof value === 'string')
    throw new PolicyError(
      'InvalidPolicy',
      'Text stands where a policy is needed: read it first, with parsePolicy(text).',
    );
  const result = PolicyCodec.decode(value);
  if (result._tag === 'Right') return result.right;
  const issues = result.left.map(issueOf);
  throw new PolicyError('InvalidPolicy', `Not a RAM policy. ${issues.map(describeIssue).join(' ')}`, issues);
}
