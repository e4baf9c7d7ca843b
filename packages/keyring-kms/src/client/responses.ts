import { inspect } from 'node:util';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

/** Canonical Base64, decoded to bytes. */
const Base64 = new t.Type<Uint8Array, string, unknown>(
  'Base64',
  (value): value is Uint8Array => value instanceof Uint8Array,
  (value, context) => {
    if (typeof value !== 'string' || value.length % 4 !== 0) return t.failure(value, context);
    const bytes = Buffer.from(value, 'base64');
    return bytes.toString('base64') === value ? t.success(new Uint8Array(bytes)) : t.failure(value, context);
  },
  (bytes) => Buffer.from(bytes).toString('base64'),
);

/** A plaintext key: an ordinary Uint8Array that neither prints nor serialises. */
const SecretBase64 = new t.Type<Uint8Array, string, unknown>(
  'SecretBase64',
  Base64.is,
  (value, context) => {
    const decoded = Base64.validate(value, context);
    return isLeft(decoded) ? decoded : t.success(concealed(decoded.right));
  },
  Base64.encode,
);

function concealed(bytes: Uint8Array): Uint8Array {
  const show = (): string => `[${bytes.length} secret bytes]`;
  return Object.defineProperties(bytes, { [inspect.custom]: { value: show }, toJSON: { value: show } });
}

/** KMS writes some booleans as text. */
const Flag = new t.Type<boolean, string, unknown>(
  'Flag',
  t.boolean.is,
  (value, context) => {
    if (typeof value === 'boolean') return t.success(value);
    if (value === 'true' || value === 'Enabled') return t.success(true);
    if (value === 'false' || value === 'Disabled' || value === '') return t.success(false);
    return t.failure(value, context);
  },
  String,
);

const answered = { RequestId: t.string };
const ofKey = { ...answered, KeyId: t.string };
const keyVersion = { KeyVersionId: t.string };

/** The context KMS may echo; checked against what was asked where it is there. */
const echoedContext = { EncryptionContext: t.record(t.string, t.string) };

export const GenerateDataKeyResponse = t.intersection([
  t.type({ ...ofKey, CiphertextBlob: Base64, Plaintext: SecretBase64 }),
  t.partial({ ...keyVersion, ...echoedContext }),
]);
export const EncryptResponse = t.intersection([
  t.type({ ...ofKey, CiphertextBlob: Base64 }),
  t.partial({ ...keyVersion, ...echoedContext }),
]);
export const DecryptResponse = t.intersection([
  t.type({ ...ofKey, Plaintext: SecretBase64 }),
  t.partial({ ...keyVersion, ...echoedContext }),
]);
export const DescribeKeyResponse = t.type({
  ...answered,
  KeyMetadata: t.intersection([
    t.type({ Arn: t.string, KeyId: t.string, KeyState: t.string }),
    t.partial({ KeySpec: t.string, KeyUsage: t.string }),
  ]),
});
export const AsymmetricSignResponse = t.type({ ...ofKey, ...keyVersion, Value: Base64 });
export const AsymmetricVerifyResponse = t.type({ ...ofKey, ...keyVersion, Value: Flag });
export const GetPublicKeyResponse = t.type({ ...ofKey, ...keyVersion, PublicKey: t.string });
export const GetSecretValueResponse = t.intersection([
  t.type({
    ...answered,
    SecretName: t.string,
    SecretData: t.string,
    SecretDataType: t.union([t.literal('text'), t.literal('binary')]),
    VersionId: t.string,
  }),
  t.partial({
    VersionStages: t.union([t.array(t.string), t.type({ VersionStage: t.array(t.string) })]),
    AutomaticRotation: Flag,
    NextRotationDate: t.string,
  }),
]);
export const CreateSecretResponse = t.type({ ...answered, VersionId: t.string });

/**
 * Decodes an answer.
 *
 * @returns the value, or the JSON path of the first field that is wrong. Never the field's value: it may be a key.
 */
export function decodeResponse<A>(
  codec: t.Decoder<unknown, A>,
  value: unknown,
): { readonly value: A } | { readonly path: string } {
  const decoded = codec.decode(value);
  if (!isLeft(decoded)) return { value: decoded.right };
  const keys = decoded.left[0]?.context.map((entry) => entry.key) ?? [];
  // An intersection adds its members' numbers to the path; a response has no field named by a number.
  return { path: `/${keys.filter((key) => key !== '' && !/^\d+$/.test(key)).join('/')}` };
}
