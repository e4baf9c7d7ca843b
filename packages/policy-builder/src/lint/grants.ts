import { actionMatches, resourceMatches } from '../judge/match.ts';
import { resourceCovers } from '../model/pattern-cover.ts';
import type { Policy, Statement } from '../model/policy.ts';
import type { Report } from './finding.ts';

/** Actions with which somebody can give themselves more than they were given, and how. */
const ESCALATIONS: Readonly<Record<string, string>> = {
  'ram:AttachPolicyToUser': 'attach any policy, AdministratorAccess included, to themselves',
  'ram:AttachPolicyToGroup': 'attach any policy to a group of theirs',
  'ram:AttachPolicyToRole': 'attach any policy to a role they can assume',
  'ram:CreatePolicyVersion': 'rewrite a policy that is attached to them',
  'ram:SetDefaultPolicyVersion': 'bring back an older, wider version of a policy that is attached to them',
  'ram:CreateAccessKey': 'make an AccessKey for a more powerful user',
  'ram:UpdateAccessKey': 'enable an AccessKey of a more powerful user',
  'ram:CreateLoginProfile': 'set a console password for a more powerful user',
  'ram:UpdateLoginProfile': 'change the console password of a more powerful user',
  'ram:AddUserToGroup': 'join a more powerful group',
  'ram:UpdateRole': 'rewrite the trust policy of a more powerful role',
  'ram:CreateRole': 'make a role that they can assume',
  'sts:AssumeRole': 'assume every role that trusts their account',
  'oss:PutBucketPolicy': 'open any bucket to anybody',
};

/** Actions that are only worth a word when they are allowed on everything. */
const HARMLESS_WHEN_NARROW: readonly string[] = ['sts:AssumeRole', 'oss:PutBucketPolicy'];

const INSTANCE_MAKERS = ['ecs:CreateInstance', 'ecs:RunInstances', 'ecs:AttachInstanceRamRole'];

/** Grants that are wider than anybody needs, and grants that can be turned into more. */
export function lintGrants(policy: Policy, report: Report): void {
  let passRole: { readonly path: string; readonly everything: boolean } | undefined;
  let makesInstances: string | undefined;

  policy.Statement.forEach((statement, index) => {
    if (statement.Effect !== 'Allow' || isTrust(statement)) return;
    const path = `$.Statement[${index}]`;
    const everything = coversEverything(statement);
    const limited = statement.Condition !== undefined;

    (statement.Action ?? []).forEach((action, place) => {
      const at = `${path}.Action[${place}]`;
      if (/^\*+(:\*+)?$/.test(action)) {
        if (everything)
          report(
            'full-administration',
            limited ? 'warning' : 'error',
            at,
            'It allows every action on every resource: whoever has it is an administrator.',
            'List the actions that are needed, or attach the system policy AdministratorAccess to say so openly.',
          );
      } else if (/^[^*?]+:\*+$/.test(action) && (everything || coversService(statement, action))) {
        const service = action.split(':')[0]!;
        report(
          'broad-service-grant',
          'warning',
          at,
          `It allows every action of ${service}, deleting and changing permissions included, on everything${limited ? ', under a condition' : ''}.`,
          `List the actions that are needed, on the resources they are needed for.${service === 'kms' ? ' To encrypt and decrypt, kms:GenerateDataKey and kms:Decrypt on one key are enough.' : ''}`,
        );
      }
    });
    if (statement.NotAction !== undefined)
      report(
        'allow-not-action',
        'warning',
        `${path}.NotAction`,
        'It allows everything but the actions it names, and every action that any service adds later.',
        'Name the actions that are allowed, or deny the exceptions in a statement of their own.',
      );
    if (statement.NotResource !== undefined)
      report(
        'allow-not-resource',
        'warning',
        `${path}.NotResource`,
        'It allows the actions on everything but the resources it names, and on every resource made later.',
        'Name the resources that are allowed.',
      );

    if (grants(statement, 'ram:PassRole')) {
      const anyRole =
        everything || covers(statement, 'acs:ram:*:*:role/*') || coversRolesOfAnAccount(statement);
      passRole ??= { path, everything: anyRole };
      if (anyRole)
        report(
          'pass-role-on-everything',
          limited ? 'warning' : 'error',
          path,
          'ram:PassRole on every role lets its holder run code with any role of the account, the most powerful one included.',
          'Name the role: acs:ram:*:<account>:role/<name>.',
        );
    }
    if (INSTANCE_MAKERS.some((action) => grants(statement, action))) makesInstances ??= path;

    for (const [action, how] of Object.entries(ESCALATIONS)) {
      if (!explicitlyAllows(statement, action)) continue;
      const wide = everything || hasWideResource(statement);
      if (!wide && HARMLESS_WHEN_NARROW.includes(action)) continue;
      report(
        'escalation-permissions',
        wide && !limited ? 'error' : 'warning',
        path,
        `With ${action}${wide ? '' : ' on these resources'}, its holder can ${how}.`,
        wide ? 'Limit it to resources that are harmless, or leave it out.' : undefined,
      );
    }
  });

  if (passRole !== undefined && makesInstances !== undefined)
    report(
      'escalation-pass-role',
      passRole.everything ? 'error' : 'warning',
      passRole.path,
      `Together with the instances that ${makesInstances} lets one make, ram:PassRole gives the passed role's permissions to whoever holds this policy${passRole.everything ? ', whichever role they choose' : ''}.`,
      passRole.everything
        ? 'Limit ram:PassRole to one role, and give that role no more than its instances need.'
        : undefined,
    );
}

function isTrust(statement: Statement): boolean {
  return statement.Principal !== undefined || statement.NotPrincipal !== undefined;
}

/**
 * Whether it allows an action on some resource of the action's service. What allows everything is reported as such
 * and not counted here.
 */
function grants(statement: Statement, action: string): boolean {
  const patterns = statement.Action ?? statement.NotAction ?? [];
  const named = patterns.some((pattern) => actionMatches(pattern, action));
  if (statement.Action === undefined ? named : !named || allowsEveryAction(statement)) return false;
  const service = action.slice(0, action.indexOf(':'));
  return (
    statement.NotResource !== undefined ||
    (statement.Resource ?? []).some(
      (pattern) => /^\*+$/.test(pattern) || actionMatches(pattern.split(':')[1] ?? '', service),
    )
  );
}

/** By an action of its own service; `*` is reported as such. */
function explicitlyAllows(statement: Statement, action: string): boolean {
  return (statement.Action ?? []).some(
    (pattern) => !/^\*+(:\*+)?$/.test(pattern) && actionMatches(pattern, action),
  );
}

function allowsEveryAction(statement: Statement): boolean {
  return (statement.Action ?? []).some((pattern) => /^\*+(:\*+)?$/.test(pattern));
}

function coversEverything(statement: Statement): boolean {
  return statement.NotResource !== undefined || covers(statement, '*');
}

function coversService(statement: Statement, action: string): boolean {
  return covers(statement, `acs:${action.split(':')[0]}:*:*:*`);
}

function covers(statement: Statement, resource: string): boolean {
  return (statement.Resource ?? []).some((pattern) => resourceCovers(pattern, resource));
}

function coversRolesOfAnAccount(statement: Statement): boolean {
  return (statement.Resource ?? []).some((pattern) => /^acs:ram:[^:]*:[^:]*:(role\/)?\*+$/.test(pattern));
}

/** A resource that ends in a wildcard right after its type, such as `acs:ram:*:*:user/*`. */
function hasWideResource(statement: Statement): boolean {
  return (statement.Resource ?? []).some(
    (pattern) => /(^|[:/])\*+$/.test(pattern) || resourceMatches(pattern, '*'),
  );
}
