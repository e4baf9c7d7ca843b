/** Names that people bring along from AWS policies, in RAM's language. Used for suggestions only. */

const SERVICES: Readonly<Record<string, string>> = {
  s3: 'oss',
  ec2: 'ecs',
  iam: 'ram',
  kms: 'kms',
  sts: 'sts',
};

const OPERATORS: Readonly<Record<string, string>> = {
  ArnEquals: 'StringEquals',
  ArnLike: 'StringLike',
  ArnNotEquals: 'StringNotEquals',
  ArnNotLike: 'StringNotLike',
  BinaryEquals: 'StringEquals',
};

const CONDITION_KEYS: Readonly<Record<string, string>> = {
  SourceIp: 'acs:SourceIp',
  CurrentTime: 'acs:CurrentTime',
  SecureTransport: 'acs:SecureTransport',
  MultiFactorAuthPresent: 'acs:MFAPresent',
  UserAgent: 'acs:UserAgent',
  SourceVpc: 'acs:SourceVpc',
  VpcSourceIp: 'acs:VpcSourceIp',
};

/** `arn:aws:s3:::bucket/*` → `acs:oss:*:*:bucket/*`; undefined when it is no AWS name. */
export function awsArnInRam(arn: string): string | undefined {
  const match = /^arn:aws[\w-]*:([^:]*):([^:]*):([^:]*):(.*)$/s.exec(arn);
  if (match === null) return undefined;
  const [, service = '', region = '', account = '', rest = ''] = match;
  const ram = SERVICES[service] ?? service;
  if (ram === 'ram') return `acs:ram::${account}:${rest}`;
  return `acs:${ram}:${region || '*'}:${account || '*'}:${rest}`;
}

/** An action whose service has another name on AWS. */
export function awsServiceInRam(action: string): string | undefined {
  const [service = '', operation] = action.split(':');
  const ram = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined;
  return ram === undefined || operation === undefined ? undefined : `${ram}:${operation.trim()}`;
}

export function awsOperatorInRam(operator: string): string | undefined {
  const base = operator.replace(/IfExists$/, '');
  const ram = Object.hasOwn(OPERATORS, base) ? OPERATORS[base] : undefined;
  return ram === undefined ? undefined : operator.replace(base, ram);
}

export function awsConditionKeyInRam(key: string): string | undefined {
  const name = key.replace(/^\w+:/, '');
  return Object.hasOwn(CONDITION_KEYS, name) ? CONDITION_KEYS[name] : undefined;
}
