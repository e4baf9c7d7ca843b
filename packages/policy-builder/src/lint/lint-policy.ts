import { PolicyError, suggestionSentence } from '../errors.ts';
import type { Policy } from '../model/policy.ts';
import { parsePolicy } from '../read/parse-policy.ts';
import { lintConditions } from './conditions.ts';
import type { Finding, Report } from './finding.ts';
import { lintGrants } from './grants.ts';
import { lintNames } from './names.ts';
import { lintOverlap } from './overlap.ts';
import { lintPlaceholders } from './placeholders.ts';
import { lintSize } from './size.ts';
import { textLocator } from './text-locator.ts';
import { lintTrust } from './trust.ts';

/** Findings about a policy, the gravest first. An empty list: nothing to say. */
export function lintPolicy(policy: Policy): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (code, severity, path, explanation, fix) => {
    findings.push({ code, severity, path, explanation, ...(fix === undefined ? {} : { fix }) });
  };
  for (const lint of [
    lintGrants,
    lintTrust,
    lintNames,
    lintConditions,
    lintOverlap,
    lintPlaceholders,
    lintSize,
  ])
    lint(policy, report);
  const rank = { error: 0, warning: 1, note: 2 };
  return findings.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/**
 * Reads a text and lints it; findings carry line and column. A text that is no policy has an `invalid-policy`
 * finding for each of its issues, and no others: there is nothing to lint yet.
 */
export function lintPolicyText(text: string): Finding[] {
  let policy: Policy;
  try {
    policy = parsePolicy(text);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.issues.map(({ path, message, suggestion, line, column }) => ({
      code: 'invalid-policy',
      severity: 'error',
      path,
      explanation: message,
      ...(suggestion === undefined ? {} : { fix: suggestionSentence(suggestion) }),
      line,
      column,
    }));
  }
  const positionOf = textLocator(text);
  return lintPolicy(policy).map((finding) => ({ ...finding, ...positionOf(finding.path) }));
}
