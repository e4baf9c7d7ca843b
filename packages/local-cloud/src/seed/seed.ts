import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { LocalCloudError } from '../errors.ts';
import { unknownFields } from './unknown-fields.ts';

const accessKey = t.readonly(t.strict({ id: t.string, secret: t.string }));
/** The name of a policy, or a document to be made one of the entity's own. */
const policyReference = t.union([t.string, t.UnknownRecord]);
const policyReferences = t.readonlyArray(policyReference);

const user = t.readonly(
  t.intersection([
    t.strict({ name: t.string }),
    t.exact(t.partial({ accessKeys: t.readonlyArray(accessKey), policies: policyReferences })),
  ]),
);

const group = t.readonly(
  t.intersection([
    t.strict({ name: t.string }),
    t.exact(t.partial({ members: t.readonlyArray(t.string), policies: policyReferences })),
  ]),
);

const role = t.readonly(
  t.intersection([
    t.strict({ name: t.string, trustPolicy: t.union([t.string, t.UnknownRecord]) }),
    t.exact(t.partial({ description: t.string, maxSessionDuration: t.number, policies: policyReferences })),
  ]),
);

const policy = t.readonly(
  t.intersection([
    t.strict({ name: t.string, document: t.union([t.string, t.UnknownRecord]) }),
    t.exact(t.partial({ description: t.string })),
  ]),
);

const key = t.readonly(
  t.exact(
    t.partial({
      id: t.string,
      region: t.string,
      spec: t.string,
      usage: t.string,
      /** With or without `alias/` in front. */
      alias: t.string,
      description: t.string,
      /** The first version's material in base64: 32 bytes for Aliyun_AES_256, 16 for Aliyun_SM4. */
      material: t.string,
      tags: t.readonly(t.record(t.string, t.string)),
    }),
  ),
);

const secret = t.readonly(
  t.intersection([
    t.strict({ name: t.string, data: t.string }),
    t.exact(
      t.partial({
        region: t.string,
        dataType: t.union([t.literal('text'), t.literal('binary')]),
        versionId: t.string,
        description: t.string,
        /** The key that encrypts it, by id or alias. */
        keyId: t.string,
      }),
    ),
  ]),
);

const bucket = t.readonly(
  t.intersection([
    t.strict({ name: t.string }),
    t.exact(
      t.partial({
        region: t.string,
        acl: t.union([t.literal('private'), t.literal('public-read'), t.literal('public-read-write')]),
        policy: t.union([t.string, t.UnknownRecord]),
      }),
    ),
  ]),
);

const instance = t.readonly(
  t.exact(
    t.partial({
      id: t.string,
      region: t.string,
      zone: t.string,
      name: t.string,
      /** The name of a role that trusts ecs.aliyuncs.com. */
      role: t.string,
      imds: t.readonly(t.exact(t.partial({ hardened: t.boolean }))),
    }),
  ),
);

const oidcProvider = t.readonly(
  t.strict({
    name: t.string,
    issuer: t.string,
    clientIds: t.readonlyArray(t.string),
    /** The issuer's public keys: a JSON Web Key Set. */
    jwks: t.readonly(t.type({ keys: t.readonlyArray(t.UnknownRecord) })),
  }),
);

/** YAML reads 16 digits without quotes as a number. */
const accountId = new t.Type<string, string, unknown>(
  'string',
  t.string.is,
  (value, context) =>
    Number.isSafeInteger(value) ? t.success(String(value)) : t.string.validate(value, context),
  t.identity,
);

const account = t.readonly(
  t.intersection([
    t.strict({ id: accountId }),
    t.exact(
      t.partial({
        rootAccessKey: accessKey,
        users: t.readonlyArray(user),
        groups: t.readonlyArray(group),
        roles: t.readonlyArray(role),
        policies: t.readonlyArray(policy),
        keys: t.readonlyArray(key),
        secrets: t.readonlyArray(secret),
        buckets: t.readonlyArray(bucket),
        instances: t.readonlyArray(instance),
        oidcProviders: t.readonlyArray(oidcProvider),
      }),
    ),
  ]),
);

/** What a cloud starts with. In YAML it is the same, key for key. */
export const SeedCodec = t.readonly(
  t.intersection([
    t.strict({ accounts: t.readonlyArray(account) }),
    t.exact(t.partial({ region: t.string })),
  ]),
);

export type Seed = t.TypeOf<typeof SeedCodec>;
export type SeedAccount = Seed['accounts'][number];
export type SeedBucket = t.TypeOf<typeof bucket>;
export type SeedInstance = t.TypeOf<typeof instance>;
export type SeedKey = t.TypeOf<typeof key>;
export type SeedSecret = t.TypeOf<typeof secret>;

/**
 * Checks what came from a file or a caller.
 *
 * @throws LocalCloudError `SeedInvalid` with every path that is wrong, names that mean nothing included
 */
export function decodeSeed(value: unknown): Seed {
  const decoded = SeedCodec.decode(value);
  if (isLeft(decoded)) throw invalidSeed([...new Set(decoded.left.map(describe))].join('; '));
  const unknown = unknownFields(value, decoded.right, SeedCodec);
  if (unknown.length > 0) throw invalidSeed(unknown.join('; '));
  for (const [index, { id }] of decoded.right.accounts.entries())
    if (!/^\d{16}$/.test(id))
      throw invalidSeed(
        `accounts.${index}.id: an account id has 16 digits, and ${JSON.stringify(id)} has not`,
      );
  return decoded.right;
}

export function invalidSeed(why: string, cause?: unknown): LocalCloudError {
  return new LocalCloudError('SeedInvalid', `the seed is not valid: ${why}`, { cause });
}

function describe({ value, context }: t.ValidationError): string {
  const path = context
    // The members of an intersection or union are steps of io-ts, not of the document.
    .filter((_, index) => index > 0 && !/^(Intersection|Union)Type$/.test(tagOf(context[index - 1]?.type)))
    .map(({ key }) => key)
    .join('.');
  const given = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
  const expected = context.at(-1)?.type.name ?? '';
  return `${path === '' ? 'the seed' : path}: ${given} is given, and ${plainName(expected)} is needed`;
}

function tagOf(type: unknown): string {
  const { _tag: tag = '', type: inner } = (type ?? {}) as { _tag?: string; type?: unknown };
  return tag === 'ReadonlyType' || tag === 'ExactType' ? tagOf(inner) : tag;
}

function plainName(name: string): string {
  if (/^ReadonlyArray|^Array/.test(name)) return 'a list';
  return /[{&]/.test(name) ? 'a mapping' : name;
}
