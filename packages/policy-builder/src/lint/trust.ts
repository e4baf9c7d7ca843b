import { isPrincipalList, type Policy } from '../model/policy.ts';
import type { Report } from './finding.ts';

/** Trust and bucket policies that let in too many. */
export function lintTrust(policy: Policy, report: Report): void {
  policy.Statement.forEach((statement, index) => {
    if (statement.Effect !== 'Allow') return;
    const path = `$.Statement[${index}]`;
    const conditioned = statement.Condition !== undefined && Object.keys(statement.Condition).length > 0;
    if (statement.NotPrincipal !== undefined)
      report(
        'allow-not-principal',
        conditioned ? 'warning' : 'error',
        `${path}.NotPrincipal`,
        'It allows everybody but those it names, strangers included.',
        'Name who is allowed.',
      );
    const principal = statement.Principal;
    if (principal === undefined) return;
    if (isPrincipalList(principal)) {
      if (principal.includes('*'))
        report(
          'public-bucket',
          conditioned ? 'note' : 'error',
          `${path}.Principal`,
          conditioned
            ? 'It speaks to everybody, anonymous callers included; only its condition keeps them out.'
            : 'It allows everybody on the Internet, anonymous callers included.',
          conditioned
            ? undefined
            : 'Name the UIDs that are allowed, or add a condition on acs:SourceIp or acs:SourceVpc.',
        );
      return;
    }
    for (const kind of ['RAM', 'Service', 'Federated'] as const) {
      (principal[kind] ?? []).forEach((name, place) => {
        const at = `${path}.Principal.${kind}[${place}]`;
        const anyAccount =
          kind === 'Service'
            ? /^\*+(@|$)/.test(name)
            : /^\*+$/.test(name) || /^acs:[^:]*:[^:]*:\*+:/.test(name);
        if (!anyAccount) return;
        report(
          'open-trust',
          conditioned ? 'note' : 'error',
          at,
          conditioned
            ? `${name} stands for every account; only the condition limits who can assume the role.`
            : `${name} lets ${kind === 'Service' ? 'the service act for any account' : 'any account'} assume the role.`,
          conditioned
            ? undefined
            : kind === 'Service'
              ? 'Name the account (<account>@<service>), or add a condition on sts:ServiceOwnerRDId.'
              : 'Name the account, or add a condition such as StringEquals on sts:ExternalId.',
        );
      });
    }
  });
}
