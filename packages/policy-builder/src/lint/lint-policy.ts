import type { Policy } from '../model/policy.ts';
import { parsePolicy } from '../read/parse-policy.ts';
import { lintConditions } from './conditions.ts';
import type { Finding, Report } from './finding.ts';
import { lintGrants } from './grants.ts';
import { contextFreeLocate } from './locate.ts';
import { lintNames } from './names.ts';
import { lintOverlap } from './overlap.ts';
import { lintPlaceholders } from './placeholders.ts';
import { lintSize } from './size.ts';
import { lintTrust } from './trust.ts';

/** Findings about a policy, the gravest first. An empty list: nothing to say. */
export function lintPolicy(policy: Policy): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (code, severity, path, message, fix) => {
    findings.push({ code, severity, path, message, ...(fix === undefined ? {} : { fix }) });
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
 * Reads a text and lints it; findings carry line and column.
 *
 * @throws PolicyError `INVALID_JSON` or `INVALID_POLICY` when the text is no policy
 */
export function lintPolicyText(text: string): Finding[] {
  const positionOf = contextFreeLocate(text);
  return lintPolicy(parsePolicy(text)).map((finding) => ({ ...finding, ...positionOf(finding.path) }));
}
