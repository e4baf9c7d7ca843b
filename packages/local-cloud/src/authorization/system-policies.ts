/** The system policies of RAM that go with the services of this cloud: name, description, document. */
export interface SystemPolicy {
  readonly policyName: string;
  readonly description: string;
  readonly document: string;
}

const allow = (...actions: string[]) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });

const kmsCrypto = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:GenerateAndExportDataKey',
  'kms:ExportDataKey',
  'kms:ReEncrypt*',
  'kms:AsymmetricSign',
  'kms:AsymmetricVerify',
  'kms:AsymmetricEncrypt',
  'kms:AsymmetricDecrypt',
  'kms:GetPublicKey',
];

const kmsSecretUser = [
  'kms:GetSecretValue',
  'kms:DescribeSecret',
  'kms:ListSecretVersionIds',
  'kms:ListSecrets',
];

export const systemPolicies: ReadonlyMap<string, SystemPolicy> = new Map(
  [
    ['AdministratorAccess', 'Manage all resources of the account', allow('*')],
    [
      'ReadOnlyAccess',
      'Read all resources of the account',
      allow(
        '*:Describe*',
        '*:List*',
        '*:Get*',
        '*:BatchGet*',
        '*:Query*',
        '*:BatchQuery*',
        'actiontrail:LookupEvents',
        'dm:Desc*',
        'dm:SenderStatistics*',
      ),
    ],
    ['AliyunRAMFullAccess', 'Manage RAM', allow('ram:*')],
    ['AliyunRAMReadOnlyAccess', 'Read RAM', allow('ram:Get*', 'ram:List*')],
    ['AliyunSTSAssumeRoleAccess', 'Assume roles by STS', allow('sts:AssumeRole')],
    ['AliyunKMSFullAccess', 'Manage KMS', allow('kms:*')],
    ['AliyunKMSReadOnlyAccess', 'Read KMS', allow('kms:List*', 'kms:Describe*', 'kms:Get*')],
    ['AliyunKMSCryptoUserAccess', 'Use the keys of KMS', allow(...kmsCrypto)],
    ['AliyunKMSSecretUserAccess', 'Read the secrets of KMS', allow(...kmsSecretUser)],
    ['AliyunOSSFullAccess', 'Manage OSS', allow('oss:*')],
    ['AliyunOSSReadOnlyAccess', 'Read OSS', allow('oss:Get*', 'oss:List*')],
    ['AliyunECSFullAccess', 'Manage ECS', allow('ecs:*')],
    ['AliyunECSReadOnlyAccess', 'Read ECS', allow('ecs:Describe*', 'ecs:List*')],
  ].map(([policyName, description, document]) => [
    (policyName as string).toLowerCase(),
    { policyName: policyName as string, description: description as string, document: document as string },
  ]),
);
