import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import { YunsealError } from '../errors.ts';
import type { DecryptionMaterials, EncryptedDataKey, EncryptionMaterials, Keyring } from '../keyring.ts';
import { randomBytes } from '../random.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { suites } from '../suites/table.ts';

export interface KeyringConformanceOptions {
  /** A keyring that encrypts and decrypts. Each case makes its own. */
  readonly createKeyring: () => Keyring | Promise<Keyring>;
  /** A keyring of the same kind, and of the same names where there are any, over another wrapping key. */
  readonly createOtherKeyring: () => Keyring | Promise<Keyring>;
  /** Whether an encrypted data key unwraps only with the context it was wrapped with. Default: true. */
  readonly bindsContext?: boolean | undefined;
  /** The suites to ask data keys for. Default: one for each length of data key, 16, 24 and 32 bytes. */
  readonly suites?: readonly AlgorithmSuite[] | undefined;
}

/** One thing a keyring must do: give it to any test runner as `test(name, run)`. */
export interface ConformanceCase {
  readonly name: string;
  /** @throws {ConformanceError} saying what the keyring did instead */
  readonly run: () => Promise<void>;
}

/** A keyring did not do what the Keyring interface asks. */
export class ConformanceError extends YunsealError {
  constructor(message: string, options?: ErrorOptions) {
    super('KeyringNotConforming', message, options);
  }
}

const context = Object.freeze({ purpose: 'conformance', 项目: '云密封' });
const defaultSuites = [suites['0x0478'], suites['0x0146'], suites['0x0114']];

/**
 * What every keyring must do, as cases for a test runner:
 *
 * ```ts
 * for (const { name, run } of keyringConformance({ createKeyring, createOtherKeyring })) test(name, run);
 * ```
 *
 * @see framework/keyring-interface.md of the AWS Encryption SDK specification
 */
export function keyringConformance(options: KeyringConformanceOptions): readonly ConformanceCase[] {
  const { createKeyring, createOtherKeyring, bindsContext = true } = options;
  const [suite = suites['0x0478'], ...furtherSuites] = options.suites ?? defaultSuites;
  const cases: ConformanceCase[] = [];
  const add = (name: string, run: (keyring: Keyring) => Promise<void>) => {
    cases.push({ name, run: async () => run(await createKeyring()) });
  };

  for (const each of [suite, ...furtherSuites]) {
    add(`generates and wraps a data key of ${each.dataKeyLength} bytes, and unwraps it`, async (keyring) => {
      const wrapped = await wrap(keyring, fresh(each));
      const unwrapped = await keyring.onDecrypt(opening(each), wrapped.encryptedDataKeys);
      expectKey(unwrapped, wrapped.plaintextDataKey, 'onDecrypt of what onEncrypt wrapped');
    });
  }

  add('makes encrypted data keys that are whole, and hide the data key', async (keyring) => {
    const { encryptedDataKeys, plaintextDataKey } = await wrap(keyring, fresh(suite));
    for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
      check(typeof providerId === 'string' && providerId !== '', 'providerId must be a non-empty string');
      check(typeof providerInfo === 'string', 'providerInfo must be a string');
      check(
        ciphertext instanceof Uint8Array && ciphertext.length > 0,
        'ciphertext must be a non-empty Uint8Array',
      );
      check(!includes(ciphertext, plaintextDataKey), 'ciphertext holds the data key in the clear');
    }
  });

  add('makes another data key for every message', async (keyring) => {
    const first = await wrap(keyring, fresh(suite));
    const second = await wrap(keyring, fresh(suite));
    check(!same(first.plaintextDataKey, second.plaintextDataKey), 'two calls gave the same data key');
  });

  add(
    'wraps a data key that is there already, and keeps the encrypted data keys before its own',
    async (keyring) => {
      const dataKey = randomBytes(suite.dataKeyLength);
      const before = [foreignKey()];
      const materials = { ...fresh(suite), plaintextDataKey: dataKey.slice(), encryptedDataKeys: before };
      const wrapped = await wrap(keyring, materials);
      check(same(wrapped.plaintextDataKey, dataKey), 'onEncrypt replaced the data key it was given');
      check(
        wrapped.encryptedDataKeys[0] === before[0],
        'onEncrypt must keep the encrypted data keys that were there, first',
      );
      check(wrapped.encryptedDataKeys.length > 1, 'onEncrypt added no encrypted data key');
      expectKey(await keyring.onDecrypt(opening(suite), wrapped.encryptedDataKeys), dataKey, 'onDecrypt');
    },
  );

  add('changes neither the materials it is given nor their suite and context', async (keyring) => {
    const materials = deepFreeze(fresh(suite));
    const wrapped = await wrap(keyring, materials);
    check(
      materials.plaintextDataKey === undefined && materials.encryptedDataKeys.length === 0,
      'onEncrypt changed its input',
    );
    check(wrapped.suite === suite, 'onEncrypt changed the suite');
    checkContext(wrapped.encryptionContext, 'onEncrypt');
    const input = deepFreeze(opening(suite));
    const before = snapshot(wrapped.encryptedDataKeys);
    const unwrapped = await keyring.onDecrypt(input, Object.freeze([...wrapped.encryptedDataKeys]));
    check(input.plaintextDataKey === undefined, 'onDecrypt changed its input');
    check(unwrapped.suite === suite, 'onDecrypt changed the suite');
    checkContext(unwrapped.encryptionContext, 'onDecrypt');
    check(snapshot(wrapped.encryptedDataKeys) === before, 'onDecrypt changed the encrypted data keys');
  });

  add('leaves materials that have a data key alone', async (keyring) => {
    const { encryptedDataKeys } = await wrap(keyring, fresh(suite));
    const dataKey = randomBytes(suite.dataKeyLength);
    const expected = dataKey.slice();
    const result = await attempt(() =>
      keyring.onDecrypt({ ...opening(suite), plaintextDataKey: dataKey }, encryptedDataKeys),
    );
    if (result !== undefined) expectKey(result, expected, 'onDecrypt of materials with a data key');
  });

  add('gives materials back unchanged when no encrypted data key is its own', async (keyring) => {
    const materials = opening(suite);
    for (const keys of [[], [foreignKey()], [foreignKey(), foreignKey()]]) {
      expectNoKey(await keyring.onDecrypt(materials, keys), 'onDecrypt of foreign encrypted data keys');
    }
  });

  add('finds its encrypted data key among foreign ones, wherever it stands', async (keyring) => {
    const wrapped = await wrap(keyring, fresh(suite));
    const own = wrapped.encryptedDataKeys;
    for (const keys of [
      [foreignKey(), ...own],
      [...own, foreignKey()],
      [foreignKey(), ...own, foreignKey()],
    ]) {
      expectKey(
        await keyring.onDecrypt(opening(suite), keys),
        wrapped.plaintextDataKey,
        'onDecrypt among foreign keys',
      );
    }
  });

  add('takes the first encrypted data key that unwraps', async (keyring) => {
    const first = await wrap(keyring, fresh(suite));
    const second = await wrap(keyring, fresh(suite));
    const keys = [...first.encryptedDataKeys, ...second.encryptedDataKeys];
    expectKey(
      await keyring.onDecrypt(opening(suite), keys),
      first.plaintextDataKey,
      'onDecrypt of two that unwrap',
    );
    expectKey(
      await keyring.onDecrypt(opening(suite), keys.reverse()),
      second.plaintextDataKey,
      'onDecrypt in reverse',
    );
  });

  add('refuses changed, cut-off and overlong encrypted data keys of its own', async (keyring) => {
    const wrapped = await wrap(keyring, fresh(suite));
    for (const [what, damaged] of damage(wrapped.encryptedDataKeys)) {
      const result = await attempt(() => keyring.onDecrypt(opening(suite), damaged));
      if (result !== undefined) expectNoKey(result, `onDecrypt of encrypted data keys that are ${what}`);
    }
  });

  add('goes on to the next encrypted data key after one that does not unwrap', async (keyring) => {
    const wrapped = await wrap(keyring, fresh(suite));
    for (const [what, damaged] of damage(wrapped.encryptedDataKeys)) {
      const keys = [...damaged, ...wrapped.encryptedDataKeys];
      const unwrapped = await keyring.onDecrypt(opening(suite), keys);
      expectKey(unwrapped, wrapped.plaintextDataKey, `onDecrypt of a good one after one that is ${what}`);
    }
  });

  add('does not unwrap what another wrapping key wrapped', async (keyring) => {
    const { encryptedDataKeys } = await wrap(await createOtherKeyring(), fresh(suite));
    const result = await attempt(() => keyring.onDecrypt(opening(suite), encryptedDataKeys));
    if (result !== undefined) expectNoKey(result, "onDecrypt of another wrapping key's encrypted data keys");
  });

  if (bindsContext) {
    add('does not unwrap under another context', async (keyring) => {
      const { encryptedDataKeys } = await wrap(keyring, fresh(suite));
      for (const encryptionContext of [
        {},
        { ...context, purpose: 'other' },
        { ...context, more: 'entries' },
      ]) {
        const result = await attempt(() =>
          keyring.onDecrypt({ suite, encryptionContext }, encryptedDataKeys),
        );
        if (result !== undefined) expectNoKey(result, 'onDecrypt under another context');
      }
    });
  }

  add('gives out data keys that the receiver can zero', async (keyring) => {
    const wrapped = await wrap(keyring, fresh(suite));
    const dataKey = wrapped.plaintextDataKey.slice();
    wrapped.plaintextDataKey.fill(0);
    for (let round = 0; round < 2; round += 1) {
      const unwrapped = await keyring.onDecrypt(opening(suite), wrapped.encryptedDataKeys);
      expectKey(unwrapped, dataKey, 'onDecrypt after a data key was zeroed');
      unwrapped.plaintextDataKey!.fill(0);
    }
  });

  add('serves calls side by side', async (keyring) => {
    const wrapped = await Promise.all(Array.from({ length: 16 }, () => wrap(keyring, fresh(suite))));
    const unwrapped = await Promise.all(
      wrapped.map(({ encryptedDataKeys }) => keyring.onDecrypt(opening(suite), encryptedDataKeys)),
    );
    for (const [index, materials] of unwrapped.entries()) {
      expectKey(materials, wrapped[index]!.plaintextDataKey, 'onDecrypt side by side');
    }
  });

  add('carries a message: its encrypted data keys survive being written and read', async (keyring) => {
    const client = createEncryptionClient({ keyring }, { commitmentPolicy: 'allow', suite });
    const { ciphertext, header } = await client.encrypt('a message', { context });
    check(
      snapshot(inspectMessage(ciphertext).encryptedDataKeys) === snapshot(header.encryptedDataKeys),
      'the encrypted data keys read from the message are not those that were written',
    );
    const { plaintext } = await client.decrypt(ciphertext, { context });
    check(new TextDecoder().decode(plaintext) === 'a message', 'the message did not come back');
    const other = createEncryptionClient(
      { keyring: await createOtherKeyring() },
      { commitmentPolicy: 'allow' },
    );
    const opened = await attempt(() => other.decrypt(ciphertext, { context }));
    check(opened === undefined, 'another wrapping key opened the message');
  });

  add('shows no data key when it is printed', async (keyring) => {
    const wrapped = await wrap(keyring, fresh(suite));
    const { encryptedDataKeys, plaintextDataKey } = wrapped;
    const failure = await keyring
      .onDecrypt(opening(suite), damage(encryptedDataKeys)[0]![1])
      .catch((error) => error);
    for (const value of [keyring, { encryptedDataKeys }, failure]) {
      const text = printed(value);
      for (const form of keyForms(plaintextDataKey))
        check(!text.includes(form), 'the data key shows when printed');
    }
  });

  return cases;
}

type Wrapped = EncryptionMaterials & { readonly plaintextDataKey: Uint8Array };

async function wrap(keyring: Keyring, materials: EncryptionMaterials): Promise<Wrapped> {
  const wrapped = await keyring.onEncrypt(materials);
  const { plaintextDataKey, encryptedDataKeys } = wrapped;
  const { dataKeyLength } = materials.suite;
  check(plaintextDataKey instanceof Uint8Array, 'onEncrypt gave no data key');
  check(
    plaintextDataKey?.length === dataKeyLength,
    `onEncrypt gave a data key of ${plaintextDataKey?.length} bytes, not ${dataKeyLength}`,
  );
  check(
    encryptedDataKeys.length > materials.encryptedDataKeys.length,
    'onEncrypt added no encrypted data key',
  );
  return wrapped as Wrapped;
}

function fresh(suite: AlgorithmSuite): EncryptionMaterials {
  return { suite, encryptionContext: context, encryptedDataKeys: [] };
}

function opening(suite: AlgorithmSuite): DecryptionMaterials {
  return { suite, encryptionContext: context };
}

function foreignKey(): EncryptedDataKey {
  return { providerId: 'someone-else', providerInfo: 'their key', ciphertext: randomBytes(48) };
}

/** Every encrypted data key damaged in the same way, for each of a few ways. */
function damage(
  keys: readonly EncryptedDataKey[],
): readonly (readonly [string, readonly EncryptedDataKey[]])[] {
  const each = (change: (ciphertext: Uint8Array) => Uint8Array) =>
    keys.map((key) => ({ ...key, ciphertext: change(key.ciphertext.slice()) }));
  const flip = (at: (length: number) => number) =>
    each((bytes) => {
      bytes[at(bytes.length)]! ^= 1;
      return bytes;
    });
  return [
    ['changed in the last byte', flip((length) => length - 1)],
    ['changed in the first byte', flip(() => 0)],
    ['cut off', each((bytes) => bytes.subarray(0, bytes.length - 1))],
    ['empty', each(() => new Uint8Array(0))],
    ['too long', each((bytes) => Uint8Array.of(...bytes, 0))],
    ['random', each((bytes) => randomBytes(bytes.length))],
  ];
}

/** What it gives, or undefined when it fails with an Error: for damaged input, failing is as good as declining. */
async function attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    check(error instanceof Error, 'a rejection must be an Error');
    return undefined;
  }
}

function check(condition: boolean, otherwise: string): void {
  if (!condition) throw new ConformanceError(otherwise);
}

function expectKey(materials: DecryptionMaterials, expected: Uint8Array, what: string): void {
  const { plaintextDataKey } = materials;
  check(plaintextDataKey !== undefined, `${what} gave no data key`);
  check(same(plaintextDataKey!, expected), `${what} gave another data key`);
}

function expectNoKey(materials: DecryptionMaterials, what: string): void {
  check(materials?.plaintextDataKey === undefined, `${what} gave a data key`);
  check(materials?.suite !== undefined, `${what} must give the materials back`);
}

function checkContext(actual: Readonly<Record<string, string>>, operation: string): void {
  const unchanged =
    Object.keys(actual).length === Object.keys(context).length &&
    Object.entries(context).every(([key, value]) => actual[key] === value);
  check(unchanged, `${operation} changed the encryption context`);
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function includes(haystack: Uint8Array, needle: Uint8Array): boolean {
  for (let at = 0; at + needle.length <= haystack.length; at += 1) {
    if (same(haystack.subarray(at, at + needle.length), needle)) return true;
  }
  return false;
}

function snapshot(keys: readonly EncryptedDataKey[]): string {
  return JSON.stringify(keys.map((key) => [key.providerId, key.providerInfo, [...key.ciphertext]]));
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null && !ArrayBuffer.isView(inner)) deepFreeze(inner);
  }
  return Object.freeze(value);
}

/** Roughly what a log would show of a value: its JSON, its text, and every property of it that is not JSON. */
function printed(value: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  const visit = (inner: unknown) => {
    if (typeof inner !== 'object' || inner === null) {
      parts.push(String(inner));
      return;
    }
    if (seen.has(inner)) return;
    seen.add(inner);
    if (inner instanceof Uint8Array) parts.push([...inner].join(','));
    if (inner instanceof Error) parts.push(String(inner), String(inner.stack));
    for (const key of Object.getOwnPropertyNames(inner)) {
      if (!ArrayBuffer.isView(inner)) visit((inner as Record<string, unknown>)[key]);
    }
  };
  visit(value);
  return parts.join('\n');
}

function keyForms(key: Uint8Array): string[] {
  const hex = [...key].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex, hex.toUpperCase(), btoa(String.fromCharCode(...key)), [...key].join(',')];
}
