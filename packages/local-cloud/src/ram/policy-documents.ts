import { PolicyError, parsePolicy } from '@yunseal/policy-builder';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';

/**
 * Checks the document of a permission policy, and gives it back as it is.
 *
 * @throws ServiceError `MalformedPolicyDocument` with what policy-builder found, `InvalidParameter.PolicyDocument.Length`
 */
export function checkPolicy(document: string): string {
  if (document.length > limits.policyLength) throw tooLong(limits.policyLength);
  const policy = parsed(document);
  for (const [index, { Principal, NotPrincipal, Resource, NotResource }] of policy.Statement.entries()) {
    if (Principal !== undefined || NotPrincipal !== undefined)
      throw ramError.malformedPolicy(
        `Statement[${index}]: a policy for identities has no Principal; trust policies do.`,
      );
    if (Resource === undefined && NotResource === undefined)
      throw ramError.malformedPolicy(`Statement[${index}]: a Resource or NotResource is missing.`);
  }
  return document;
}

/** Checks the document of a role's trust policy: each statement says who, and allows to assume the role. */
export function checkTrustPolicy(document: string): string {
  if (document.length > limits.trustPolicyLength) throw tooLong(limits.trustPolicyLength);
  const policy = parsed(document);
  for (const [index, { Principal, NotPrincipal, Action }] of policy.Statement.entries()) {
    if (Principal === undefined && NotPrincipal === undefined)
      throw ramError.malformedPolicy(`Statement[${index}]: a trust policy names a Principal.`);
    if (!Action?.every((action) => /^sts:/i.test(action)))
      throw ramError.malformedPolicy(`Statement[${index}]: the Action of a trust policy is sts:AssumeRole.`);
  }
  return document;
}

function parsed(document: string): ReturnType<typeof parsePolicy> {
  try {
    return parsePolicy(document);
  } catch (error) {
    if (error instanceof PolicyError) throw ramError.malformedPolicy(error.message);
    throw error;
  }
}

const tooLong = (limit: number) => ramError.invalid('PolicyDocument.Length', `at most ${limit} characters`);
