/**
 * The policies of the documentation on ECS, KMS and OSS without stored secrets: written as code, checked, and tried
 * before they are attached anywhere. `node document-policies.ts`
 */
import {
  evaluate,
  formatPermissions,
  lintPolicy,
  type Policy,
  templates,
  whoCan,
} from '@yunseal/policy-builder';

const account = '1000000000000001';
const key = { region: 'cn-hangzhou', account, keyId: '0d9c6b0e-7a51-4b8e-9d5e-3f1a2b4c5d6e' };
const keyArn = `acs:kms:${key.region}:${account}:key/${key.keyId}`;

const scenarios: readonly (readonly [scenario: string, policy: Policy])[] = [
  ['ECS may assume the role of its instances', templates.ecsRoleTrust()],
  ['Full use of KMS, as the documentation prints it', templates.kmsFullAccess()],
  ['Full use of one key is not needed: this is enough to encrypt and decrypt', templates.kmsKeyUse(key)],
  ['Reading OSS', templates.ossReadOnly()],
  ['Reading one bucket', templates.ossReadOnly({ bucket: 'encrypted-reports' })],
  ['Giving one role to instances', templates.passRole({ name: 'MyApplicationRole' })],
  ['Creating instances with any role, as the documentation prints it', templates.createInstanceWithRole()],
  [
    'Creating instances with one role',
    templates.createInstanceWithRole({ role: { name: 'MyApplicationRole' } }),
  ],
  [
    'Sharing an encrypted image with two accounts',
    templates.shareWithAccountsTrust(['2000000000000002', '3000000000000003']),
  ],
  ['Sharing it with a resource directory', templates.shareWithResourceDirectoryTrust('rd-r4****')],
  ['Sharing it with a folder and what is below it', templates.shareWithFolderTrust('rd-r4/r-Wm/fd-ii*')],
  ['What those it is shared with may do with its key', templates.sharedKeyPermissions(key)],
];

for (const [scenario, policy] of scenarios) {
  console.log(`\n## ${scenario}\n${policy}`);
  for (const { severity, code, explanation } of lintPolicy(policy))
    console.log(`${severity} ${code}: ${explanation}`);
}

console.log('\n## Tried before it exists');
const identity = [
  {
    name: 'application',
    document: templates.encryptedBucketApplication({ ...key, bucket: 'encrypted-reports' }),
  },
];
for (const [action, resource] of [
  ['kms:GenerateDataKey', keyArn],
  ['kms:CreateKey', `acs:kms:${key.region}:${account}:key`],
  ['oss:DeleteObject', `acs:oss:*:${account}:encrypted-reports/2026/11.csv`],
] as const)
  console.log(`${evaluate({ identity }, { action, resource }).explain}`);

console.log(`\n## Everything it allows\n${formatPermissions(whoCan({ identity }))}`);
