import type * as t from 'io-ts';
import type { PolicyIssue } from '../errors.ts';
import type { PolicyValidationError } from './policy-codec.ts';

/** A step of a JSON path. */
export type PathStep = string;

/** `$.Statement[0].Principal["Service "]` */
export function formatPath(steps: readonly PathStep[]): string {
  let path = '$';
  for (const step of steps) {
    if (/^\d+$/.test(step)) path += `[${step}]`;
    else path += /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return path;
}

/** The keys of an io-ts context below its root. */
export function contextSteps(context: t.Context): PathStep[] {
  return context.slice(1).map((entry) => entry.key);
}

/** An error of the policy codec as an issue, without a position. */
export function issueOf(error: t.ValidationError): PolicyIssue {
  const detail = error as Partial<PolicyValidationError>;
  return {
    code: detail.code ?? 'invalid',
    path: formatPath(contextSteps(error.context)),
    message: error.message ?? 'The value is not valid.',
    expected: detail.expected ?? '',
    ...(detail.suggestion === undefined ? {} : { suggestion: detail.suggestion }),
  };
}
