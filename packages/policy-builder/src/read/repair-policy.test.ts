import { describe, expect, it } from 'vitest';
import { PolicyError } from '../errors.ts';
import { printedPolicies, sourceDocumentsPresent } from '../test-support/source-documents.ts';
import { parsePolicy } from './parse-policy.ts';
import { repairPolicy } from './repair-policy.ts';

const GOOD = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' }] };

describe('repairPolicy', () => {
  it('leaves a policy alone', () => {
    const { policy, changes } = repairPolicy(JSON.stringify(GOOD));
    expect(changes).toEqual([]);
    expect(JSON.parse(JSON.stringify(policy))).toEqual(GOOD);
  });

  it('corrects what is plain, and says what it changed', () => {
    const { policy, changes } = repairPolicy(`{
      // an AWS policy, half translated
      "Version": "2012-10-17",
      "Statement": {
        "Sid": "x",
        'Effect': "allow",
        "Action": ["s3:GetObject", "kms :Decrypt",],
        "Resource": "arn:aws:s3:::b/*",
        "Condition": {"ArnLike": {"aws:UserAgent": "a*"}, "Bool": {"acs:MFAPresent": true}}
      }
    `);
    expect(JSON.parse(JSON.stringify(policy))).toEqual({
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:GetObject', 'kms:Decrypt'],
          Resource: 'acs:oss:*:*:b/*',
          Condition: { StringLike: { 'acs:UserAgent': 'a*' }, Bool: { 'acs:MFAPresent': 'true' } },
        },
      ],
    });
    expect(changes.map(({ code, line, change }) => `${line} ${code}: ${change}`)).toEqual([
      '2 comment: removed the comment',
      '6 wrong-quotes: put it in straight quotation marks',
      '7 trailing-comma: removed the comma',
      '11 missing-brace: added }',
      '3 wrong-version: wrote "1"',
      '4 statement-not-a-list: put the statement in a list',
      '5 aws-element: removed Sid',
      '6 wrong-effect: wrote "Allow"',
      '7 stray-blank: wrote "kms:Decrypt"',
      '8 aws-arn: wrote "acs:oss:*:*:b/*"',
      '9 unknown-operator: renamed "ArnLike" to "StringLike"',
      '9 not-a-string: wrote "true"',
      '9 wrong-condition-key: renamed "aws:UserAgent" to "acs:UserAgent"',
    ]);
    expect(parsePolicy(policy.toString())).toEqual(policy);
  });

  it.each([
    ['an Effect', '{"Version": "1", "Statement": [{"Action": "*", "Resource": "*"}]}'],
    ['an Action', '{"Version": "1", "Statement": [{"Effect": "Allow", "Resource": "*"}]}'],
    ['a Resource', '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*"}]}'],
    ['a string that is cut off', '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "kms:'],
    ['everything', ''],
  ])('does not invent %s', (_, text) => {
    expect(() => repairPolicy(text)).toThrow(PolicyError);
  });

  it('undoes what Markdown and web pages do to JSON', () => {
    const { policy, changes } = repairPolicy(
      '{“Version”: "1",\u00a0"Statement":\u00a0[{"Effect": "Allow", "Action": "kms:*", "Resource": "acs:kms:\\*:\\*:key"}]}',
    );
    expect(policy.Statement[0]!.Resource).toEqual(['acs:kms:*:*:key']);
    expect(changes.map(({ change }) => change)).toEqual([
      'put it in straight quotation marks',
      'made them plain blanks',
      'removed the backslash',
      'removed the backslash',
    ]);
  });

  it('says what it could not correct', () => {
    try {
      repairPolicy('{"Version": 2, "Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}],}');
      expect.unreachable();
    } catch (error) {
      expect((error as PolicyError).issues.map((issue) => issue.code)).toEqual(['wrong-effect']);
    }
  });

  it('keeps the last of two equal names, as every JSON reader does', () => {
    const { policy, changes } = repairPolicy(
      '{"Version": "1", "Statement": [{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}]}',
    );
    expect(policy.Statement[0]!.Effect).toBe('Deny');
    expect(changes.map(({ code }) => code)).toEqual(['duplicate-key']);
  });
});

describe.skipIf(!sourceDocumentsPresent)('the printed policies (skipped where ../shared is absent)', () => {
  it('are repaired, each by just the corrections it needs', () => {
    const repaired = printedPolicies().map(({ document, place, text }) => {
      const { policy, changes } = repairPolicy(text);
      expect(parsePolicy(JSON.stringify(policy))).toEqual(policy);
      return [
        `${document.slice(0, 3)} #${place}`,
        changes.map(({ change }) => change),
        JSON.parse(JSON.stringify(policy)).Statement,
      ];
    });
    const assume = (Principal: object, Condition?: object) => ({
      Effect: 'Allow',
      Principal,
      Action: 'sts:AssumeRole',
      ...(Condition === undefined ? {} : { Condition }),
    });
    expect(repaired).toEqual([
      ['000 #1', ['removed the comma'], [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }]],
      ['001 #1', [], [assume({ Service: 'ecs.aliyuncs.com' })]],
      [
        '002 #1',
        ['removed the comment'],
        [{ Effect: 'Allow', Action: 'ram:PassRole', Resource: 'acs:ram:*:*:role/MyApplicationRole' }],
      ],
      ['003 #1', ['renamed "Service " to "Service"'], [assume({ Service: 'ecs.aliyuncs.com' })]],
      [
        '003 #2',
        ['renamed "Resource " to "Resource"'],
        [{ Effect: 'Allow', Action: ['oss:Get*', 'oss:List*'], Resource: '*' }],
      ],
      [
        '003 #3',
        [
          'took it for a name without a value',
          'added }',
          'made it "Action": "ecs: [ECS RAM Action]"',
          'wrote "ecs:[ECS RAM Action]"',
        ],
        [
          { Effect: 'Allow', Action: 'ecs:[ECS RAM Action]', Resource: '*' },
          { Effect: 'Allow', Action: 'ram:PassRole', Resource: '*' },
        ],
      ],
      ['004 #1', [], [assume({ Service: ['<UID1>@ecs.aliyuncs.com', '<UID2>@ecs.aliyuncs.com'] })]],
      [
        '004 #2',
        [],
        [
          assume(
            { Service: '*@ecs.aliyuncs.com' },
            { StringEquals: { 'sts:ServiceOwnerRDId': '<resource-directory-id>' } },
          ),
        ],
      ],
      [
        '004 #3',
        [],
        [
          assume(
            { Service: '*@ecs.aliyuncs.com' },
            {
              StringLike: {
                'sts:ServiceOwnerRDPath': '<resource-directory-id>/<root-folder-id>/.../<current-folder-id*>',
              },
            },
          ),
        ],
      ],
      [
        '004 #4',
        [],
        [
          { Effect: 'Allow', Action: 'kms:List*', Resource: 'acs:kms:<region-id>:<account-id>:key' },
          {
            Effect: 'Allow',
            Action: [
              'kms:DescribeKey',
              'kms:TagResource',
              'kms:UntagResource',
              'kms:Encrypt',
              'kms:Decrypt',
              'kms:GenerateDataKey',
            ],
            Resource: 'acs:kms:<region-id>:<account-id>:key/<key-id>',
          },
        ],
      ],
    ]);
  });
});
