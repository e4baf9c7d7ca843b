import type { AccessRequest, PolicyDocument } from '@yunseal/policy-builder';

/**
 * The same work in two policy languages: RAM's for this package, AWS's for the peer. Names are translated one to
 * one, so that statements, patterns, conditions and requests have the same shape.
 */

/** Actions in pairs: RAM's and AWS's. KMS is left out: on AWS a key's own policy must agree, on Alibaba Cloud not. */
const ACTIONS = [
  ['oss:GetObject', 's3:GetObject'],
  ['oss:PutObject', 's3:PutObject'],
  ['oss:DeleteObject', 's3:DeleteObject'],
  ['oss:GetObjectAcl', 's3:GetObjectAcl'],
  ['ecs:StartInstance', 'ec2:StartInstances'],
  ['ecs:StopInstance', 'ec2:StopInstances'],
  ['ecs:RebootInstance', 'ec2:RebootInstances'],
  ['ram:PassRole', 'iam:PassRole'],
  ['ram:GetRole', 'iam:GetRole'],
  ['ram:UpdateRole', 'iam:UpdateRole'],
] as const;

interface AwsStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string[];
  readonly Resource: string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string[]>>>>;
}

export interface AwsPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: AwsStatement[];
}

export interface AwsRequest {
  readonly action: string;
  readonly resource: string;
  readonly sourceIp: string;
}

export interface Workload {
  readonly ram: readonly PolicyDocument[];
  readonly aws: readonly AwsPolicy[];
  readonly requests: readonly { readonly ram: AccessRequest; readonly aws: AwsRequest }[];
}

/** A generator of numbers that is the same on every run (mulberry32); nothing secret depends on it. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Resource names of one object, instance or role, for both sides. */
function resourceNames(action: number, id: string): readonly [ram: string, aws: string] {
  const name = ACTIONS[action]![0];
  if (name.startsWith('oss:'))
    return [`acs:oss:*:1001:bucket-${id}/data/file.bin`, `arn:aws:s3:::bucket-${id}/data/file.bin`];
  if (name.startsWith('ecs:'))
    return [`acs:ecs:cn-hangzhou:1001:instance/${id}`, `arn:aws:ec2:us-east-1:100100100100:instance/${id}`];
  return [`acs:ram:*:1001:role/${id}`, `arn:aws:iam::100100100100:role/${id}`];
}

/** Puts a star where a pattern would have one: at the end of the id, or for all of it. */
function widen(name: string, id: string, how: number): string {
  return how === 0 ? name : name.replace(id, how === 1 ? `${id.slice(0, -1)}*` : '*');
}

/**
 * Policies of statements with two actions (some with a wildcard) on two resources, one in four with a condition on
 * the caller's address, one in ten a deny; and requests of which about half find a statement that speaks of them.
 */
export function workload(policies: number, statements: number, requests: number): Workload {
  const next = sequence(20_261_121);
  const ram: PolicyDocument[] = [];
  const aws: AwsPolicy[] = [];
  const ids = Array.from({ length: 50 }, (_, i) => `id-${String(i).padStart(4, '0')}`);
  for (let p = 0; p < policies; p++) {
    const ramStatements: PolicyDocument['Statement'][number][] = [];
    const awsStatements: AwsStatement[] = [];
    for (let s = 0; s < statements; s++) {
      const first = next(ACTIONS.length);
      const service = ACTIONS[first]![0].split(':')[0]!;
      const siblings = ACTIONS.flatMap(([name], index) => (name.startsWith(`${service}:`) ? [index] : []));
      const second = siblings[next(siblings.length)]!;
      const wild = next(5) === 0;
      const targets = [0, 1].map(() => {
        const id = ids[next(ids.length)]!;
        const how = next(4);
        return resourceNames(first, id).map((name) => widen(name, id, how));
      });
      const Effect = next(10) === 0 ? 'Deny' : 'Allow';
      const addresses = [`10.${next(4)}.0.0/16`, `192.168.${next(4)}.0/24`];
      const conditioned = next(4) === 0;
      const pick = (side: 0 | 1): string[] => {
        const [a, b] = [ACTIONS[first]![side], ACTIONS[second]![side]];
        return wild ? [`${a.slice(0, a.indexOf(':') + 4)}*`, b] : [a, b];
      };
      ramStatements.push({
        Effect,
        Action: pick(0),
        Resource: targets.map((target) => target[0]!),
        ...(conditioned ? { Condition: { IpAddress: { 'acs:SourceIp': addresses } } } : {}),
      });
      awsStatements.push({
        Sid: `s${p}x${s}`,
        Effect,
        Action: pick(1),
        Resource: targets.map((target) => target[1]!),
        ...(conditioned ? { Condition: { IpAddress: { 'aws:SourceIp': addresses } } } : {}),
      });
    }
    ram.push({ Version: '1', Statement: ramStatements });
    aws.push({ Version: '2012-10-17', Statement: awsStatements });
  }
  return {
    ram,
    aws,
    requests: Array.from({ length: requests }, () => {
      const action = next(ACTIONS.length);
      const [ramName, awsName] = resourceNames(action, ids[next(ids.length)]!);
      const sourceIp = `10.${next(8)}.0.${next(250) + 1}`;
      return {
        ram: { action: ACTIONS[action]![0], resource: ramName, context: { 'acs:SourceIp': sourceIp } },
        aws: { action: ACTIONS[action]![1], resource: awsName, sourceIp },
      };
    }),
  };
}
