import fc from 'fast-check';
import type { PolicySet } from '../judge/evaluate.ts';
import type { AccessRequest } from '../judge/statement.ts';
import { CONDITION_OPERATORS } from '../model/condition-operators.ts';
import type { ConditionBlock, PolicyDocument, Statement, StatementPrincipal } from '../model/policy.ts';

/**
 * Random policies and requests that meet each other often: names come from small sets, patterns are names with
 * wildcards punched into them.
 */
const actionName = fc.constantFrom(
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:ListKeys',
  'oss:GetObject',
  'sts:AssumeRole',
  'ecs:RunInstances',
);
const resourceName = fc.constantFrom(
  'acs:kms:cn-hangzhou:1001:key/abc',
  'acs:kms:cn-beijing:1002:key/abd',
  'acs:kms::1001:key/abc',
  'acs:oss:*:1001:bucket',
  'acs:oss:*:1001:bucket/a/b.txt',
  'acs:oss:oss-cn-hangzhou:1001:bucket/a:b/c',
  'acs:ram:*:1001:role/app',
  'acs:ram::1001:role/app',
  '*',
  'weird',
);

function punched(names: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const cut = fc.tuple(names, fc.nat(40), fc.nat(8), fc.constantFrom('*', '?', '**', '*?'));
  return fc.oneof(
    names,
    fc.constant('*'),
    cut.map(([name, at, length, wildcard]) => {
      const from = Math.min(at, name.length);
      return name.slice(0, from) + wildcard + name.slice(from + length);
    }),
  );
}

const actionPattern = punched(actionName).map((pattern) => (pattern.includes(':') ? pattern : '*'));
const resourcePattern = punched(resourceName).map((pattern) =>
  /^acs:[^\s:]+(:|$)/.test(pattern) ? pattern : '*',
);

const some = <T>(items: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.array(items, { minLength: 1, maxLength: 3 });

const conditionValue = fc.constantFrom(
  'true',
  'false',
  '10.0.0.0/8',
  '10.1.2.3',
  '5',
  '7.5',
  '2024-01-01T00:00:00Z',
  'a',
  'A',
  'a*',
  '::1',
  '2001:db8::/32',
  '',
);
const conditionKey = fc.constantFrom(
  'acs:SourceIp',
  'acs:CurrentTime',
  'acs:MFAPresent',
  'acs:sourceip',
  'kms:tag/Team',
  'x:n',
);
const operator = fc
  .tuple(
    fc.constantFrom('', 'ForAnyValue:', 'ForAllValues:'),
    fc.constantFrom(...Object.keys(CONDITION_OPERATORS)),
    fc.constantFrom('', 'IfExists'),
  )
  .map(([quantifier, base, suffix]) => (base === 'Null' ? base : `${quantifier}${base}${suffix}`));

const condition: fc.Arbitrary<ConditionBlock> = fc.dictionary(
  operator,
  fc.dictionary(conditionKey, some(conditionValue), { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
  { minKeys: 1, maxKeys: 2, noNullPrototype: true },
);

const principalElement: fc.Arbitrary<StatementPrincipal> = fc.oneof(
  some(fc.constantFrom('*', '1001', '2002', 'arn:sts::1001:assumed-role/app/*')),
  fc.record({
    RAM: some(fc.constantFrom('acs:ram::1001:root', 'acs:ram::1001:user/a', 'acs:ram::1001:role/app', '*')),
  }),
  fc.record({ Service: some(fc.constantFrom('ecs.aliyuncs.com', '*@ecs.aliyuncs.com')) }),
  fc.record({ Federated: some(fc.constant('acs:ram::1001:saml-provider/idp')) }),
);

function statement(resourceBased: boolean): fc.Arbitrary<Statement> {
  return fc
    .record({
      Effect: fc.constantFrom('Allow' as const, 'Deny' as const),
      action: some(actionPattern),
      notAction: fc.integer({ min: 0, max: 5 }),
      resource: some(resourcePattern),
      notResource: fc.integer({ min: 0, max: 5 }),
      principal: principalElement,
      notPrincipal: fc.integer({ min: 0, max: 5 }),
      condition: fc.option(condition, { nil: undefined, freq: 2 }),
    })
    .map(
      ({
        Effect,
        action,
        notAction,
        resource,
        notResource,
        principal,
        notPrincipal,
        condition: Condition,
      }) => ({
        Effect,
        ...(resourceBased ? { [notPrincipal === 0 ? 'NotPrincipal' : 'Principal']: principal } : {}),
        [notAction === 0 ? 'NotAction' : 'Action']: action,
        ...(resourceBased && notResource === 1
          ? {}
          : { [notResource === 0 ? 'NotResource' : 'Resource']: resource }),
        ...(Condition === undefined ? {} : { Condition }),
      }),
    );
}

export function policyDocument(resourceBased = false): fc.Arbitrary<PolicyDocument> {
  return fc
    .array(statement(resourceBased), { minLength: 1, maxLength: 4 })
    .map((Statement) => ({ Version: '1' as const, Statement }));
}

const someDocuments = (resourceBased = false): fc.Arbitrary<PolicyDocument[] | undefined> =>
  fc.option(fc.array(policyDocument(resourceBased), { maxLength: 2 }), { nil: undefined });

export const policySet: fc.Arbitrary<PolicySet> = fc.record({
  identity: someDocuments(),
  group: fc.option(fc.array(policyDocument(), { maxLength: 1 }), { nil: undefined, freq: 1 }),
  resource: someDocuments(true),
  session: fc.option(fc.array(policyDocument(), { maxLength: 1 }), { nil: undefined, freq: 1 }),
  control: fc.option(fc.array(policyDocument(), { maxLength: 1 }), { nil: undefined, freq: 1 }),
  resourceGroup: fc.option(fc.array(policyDocument(), { maxLength: 1 }), { nil: undefined, freq: 1 }),
});

const contextValue = fc.oneof(conditionValue, fc.array(conditionValue, { maxLength: 3 }));

export const accessRequest: fc.Arbitrary<AccessRequest> = fc.record({
  action: fc.oneof(
    actionName,
    actionName.map((name) => name.toLowerCase()),
  ),
  resource: resourceName,
  principal: fc.option(
    fc.oneof(
      fc.record({
        ram: fc.constantFrom(
          'acs:ram::1001:user/a',
          'acs:ram::1001:root',
          'acs:ram::1001:role/app',
          'acs:ram::1001:assumed-role/app/s',
          'acs:ram::9:user/z',
        ),
        id: fc.option(fc.constantFrom('2002', '3003'), { nil: undefined }),
      }),
      fc.record({ service: fc.constantFrom('ecs.aliyuncs.com', '1001@ecs.aliyuncs.com') }),
      fc.record({ federated: fc.constant('acs:ram::1001:saml-provider/idp') }),
    ),
    { nil: undefined, freq: 4 },
  ),
  context: fc.dictionary(conditionKey, contextValue, { maxKeys: 3, noNullPrototype: true }),
});
