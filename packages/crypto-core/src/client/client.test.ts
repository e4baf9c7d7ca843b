import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { backend } from '#backend';
import {
  AuthenticationError,
  CommitmentMismatchError,
  CommitmentPolicyError,
  ContextMismatchError,
  DataKeyUnwrapError,
  DataKeyWrapError,
  EncryptionContextError,
  FormatNotAcceptedError,
  InvalidArgumentError,
  KeyringContractError,
  LimitExceededError,
  MalformedMessageError,
  SignatureInvalidError,
  TruncatedMessageError,
  YunsealError,
} from '../errors.ts';
import type { MessageHeader } from '../header.ts';
import type { EncryptionContext, Keyring } from '../keyring.ts';
import { multiKeyring } from '../keyrings/multi.ts';
import { defaultMaterials } from '../materials/default.ts';
import type { KeySource } from '../materials/key-source.ts';
import type { MaterialsManager } from '../materials/manager.ts';
import { type SuiteName, suites } from '../suites/table.ts';
import { allFramedSuites, rememberingKeyring, testKeyring } from '../test-support/keyrings.ts';
import { createEncryptionClient } from './client.ts';
import { inspectMessage } from './inspect.ts';

const keyring = testKeyring();
const client = createEncryptionClient({ keyring });
const lenient = createEncryptionClient({ keyring }, { commitmentPolicy: 'allow' });
const decoder = new TextDecoder();

const contexts = fc.dictionary(
  fc
    .string({ unit: 'binary', maxLength: 20 })
    .filter((key) => key.isWellFormed() && !key.startsWith('aws-crypto-')),
  fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed()),
  { maxKeys: 5 },
);

describe('round trip', () => {
  test('every suite, length, frame length and context', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...allFramedSuites),
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        contexts,
        fc.nat(),
        async (suite, plaintext, frameLength, context, choice) => {
          const keys = Object.keys(context);
          const requiredContextKeys = keys.filter((_, index) => (choice >> index) & 1);
          const { ciphertext, header } = await lenient.encrypt(plaintext, {
            suite,
            frameLength,
            context,
            requiredContextKeys,
          });
          expect(inspectMessage(ciphertext)).toEqual(header);
          for (const key of requiredContextKeys) expect(Object.hasOwn(header.context, key)).toBe(false);
          const opened = await lenient.decrypt(ciphertext, { context });
          expect([...opened.plaintext]).toEqual([...plaintext]);
          expect(Object.entries(opened.context).sort()).toEqual(Object.entries(context).sort());
          expect(opened.header).toEqual(header);
        },
      ),
      { numRuns: backend.name === 'node' ? 300 : 60 },
    );
  });

  test.each([0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 131_072, 1_000_000])(
    '%i bytes in default frames',
    async (length) => {
      const plaintext = new Uint8Array(length).map((_, index) => index * 31);
      const { ciphertext } = await client.encrypt(plaintext);
      expect(Buffer.compare((await client.decrypt(ciphertext)).plaintext, plaintext)).toBe(0);
    },
  );

  test('more than 2^16 frames', { timeout: 60_000 }, async () => {
    const plaintext = new Uint8Array(backend.name === 'node' ? 70_000 : 1000).map((_, index) => index);
    const { ciphertext } = await client.encrypt(plaintext, { frameLength: 1 });
    expect(Buffer.compare((await client.decrypt(ciphertext)).plaintext, plaintext)).toBe(0);
  });

  test('text is UTF-8', async () => {
    const { ciphertext } = await client.encrypt('密文 🔒');
    expect(decoder.decode((await client.decrypt(ciphertext)).plaintext)).toBe('密文 🔒');
  });

  test('a view into a larger buffer, and a Buffer from the pool', async () => {
    const large = new Uint8Array(100).fill(9);
    const { ciphertext } = await client.encrypt(large.subarray(10, 20));
    const padded = new Uint8Array(ciphertext.length + 7);
    padded.set(ciphertext, 3);
    const opened = await client.decrypt(padded.subarray(3, 3 + ciphertext.length));
    expect(opened.plaintext).toEqual(new Uint8Array(10).fill(9));
    expect((await client.decrypt(Buffer.from(ciphertext))).plaintext).toEqual(new Uint8Array(10).fill(9));
  });

  test('what comes out is plain and exact: no Buffer, no larger memory behind it', async () => {
    const { ciphertext } = await client.encrypt('x', { suite: '0x0578' });
    const { plaintext } = await client.decrypt(ciphertext);
    for (const bytes of [ciphertext, plaintext]) {
      expect(bytes.constructor).toBe(Uint8Array);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });
});

describe('options', () => {
  test('a suite is named by hex id, name, number or itself', async () => {
    for (const suite of ['0x0578', suites['0x0578'].name as SuiteName, 0x0578, suites['0x0578']] as const) {
      expect((await client.encrypt('x', { suite })).header.suite).toBe(suites['0x0578']);
    }
    expect((await client.encrypt('x')).header.suite.id).toBe(0x0478);
  });

  test.each([
    ['an unknown suite', { suite: '0x9999' }],
    ['a suite of the other format', { suite: '0x0478', format: 'aliyun' }],
    ['an unknown format', { format: 'pgp' }],
    ['frame length 0', { frameLength: 0 }],
    ['frame length 2^32', { frameLength: 2 ** 32 }],
    ['a fractional frame length', { frameLength: 1.5 }],
    ['an unknown policy', { commitmentPolicy: 'never' }],
    ['no formats', { formats: [] }],
    ['maxEncryptedDataKeys 0', { maxEncryptedDataKeys: 0 }],
  ])('%s is refused', (_, options) => {
    expect(() => createEncryptionClient({ keyring }, options as never)).toThrow(InvalidArgumentError);
  });

  test('neither or both of keyring and materials is refused, and what is no keyring', () => {
    expect(() => createEncryptionClient({} as never)).toThrow('either a keyring or materials');
    expect(() => createEncryptionClient({ keyring: {} as Keyring })).toThrow('onEncrypt and onDecrypt');
  });

  test('what is not bytes is refused', async () => {
    await expect(client.encrypt(42 as never)).rejects.toThrow(InvalidArgumentError);
    await expect(client.decrypt('text' as never)).rejects.toThrow(InvalidArgumentError);
    await expect(client.decrypt(null as never)).rejects.toThrow('not null');
  });

  test('types', () => {
    expectTypeOf(client.encrypt).parameter(0).toEqualTypeOf<Uint8Array | string>();
    expectTypeOf<Awaited<ReturnType<typeof client.decrypt>>['context']>().toEqualTypeOf<EncryptionContext>();
    expectTypeOf(inspectMessage).returns.toEqualTypeOf<MessageHeader>();
    expectTypeOf(client.encryptStream).returns.toEqualTypeOf<TransformStream<Uint8Array, Uint8Array>>();
    expectTypeOf<{ keyring: Keyring }>().toExtend<KeySource>();
    expectTypeOf<{ materials: MaterialsManager }>().toExtend<KeySource>();
    expectTypeOf<{ keyring: Keyring; materials: MaterialsManager }>().not.toExtend<KeySource>();
  });
});

describe('commitment policy', () => {
  const clients = {
    require: client,
    'allow-decrypt': createEncryptionClient({ keyring }, { commitmentPolicy: 'allow-decrypt' }),
    allow: lenient,
  };
  for (const suite of allFramedSuites) {
    test(suite.name, async () => {
      const commits = suite.commitmentLength > 0;
      const { ciphertext } = await lenient.encrypt('x', { suite });
      const can = async (run: () => Promise<unknown>) => {
        try {
          await run();
          return true;
        } catch (error) {
          expect(error).toBeInstanceOf(CommitmentPolicyError);
          return false;
        }
      };
      expect(await can(() => clients.require.encrypt('x', { suite }))).toBe(commits);
      expect(await can(() => clients['allow-decrypt'].encrypt('x', { suite }))).toBe(commits);
      expect(await can(() => clients.allow.encrypt('x', { suite }))).toBe(true);
      expect(await can(() => clients.require.decrypt(ciphertext))).toBe(commits);
      expect(await can(() => clients['allow-decrypt'].decrypt(ciphertext))).toBe(true);
      expect(await can(() => clients.allow.decrypt(ciphertext))).toBe(true);
    });
  }

  test('the keyring is not asked for a message the policy refuses', async () => {
    const { ciphertext } = await lenient.encrypt('x', { suite: '0x0178' });
    const asked: Keyring = { onEncrypt: () => expect.fail('asked'), onDecrypt: () => expect.fail('asked') };
    const strict = createEncryptionClient({ keyring: asked });
    await expect(strict.decrypt(ciphertext)).rejects.toThrow(CommitmentPolicyError);
    await expect(strict.encrypt('x', { suite: '0x0178' })).rejects.toThrow(CommitmentPolicyError);
  });
});

describe('context', () => {
  test('an entry that differs is named', async () => {
    const { ciphertext } = await client.encrypt('x', { context: { tenant: 'a', purpose: 'test' } });
    const attempt = client.decrypt(ciphertext, { context: { purpose: 'test', tenant: 'b' } });
    await expect(attempt).rejects.toThrow(ContextMismatchError);
    await expect(attempt).rejects.toMatchObject({ code: 'ContextMismatch', entry: 'tenant' });
    expect((await client.decrypt(ciphertext, { context: { tenant: 'a' } })).context).toEqual({
      tenant: 'a',
      purpose: 'test',
    });
  });

  test('an entry that the message does not have is named too', async () => {
    const { ciphertext } = await client.encrypt('x', { context: { tenant: 'a' } });
    await expect(client.decrypt(ciphertext, { context: { tenant: 'a', region: 'cn' } })).rejects.toThrow(
      '"region"',
    );
  });

  test('a required entry must be given again, and right; it shows in the result', async () => {
    const context = { tenant: 'a', shown: 'yes' };
    const { ciphertext, header } = await client.encrypt('x', { context, requiredContextKeys: ['tenant'] });
    expect(header.context).toEqual({ shown: 'yes' });
    expect(Buffer.from(ciphertext).includes('tenant')).toBe(false);
    expect((await client.decrypt(ciphertext, { context: { tenant: 'a' } })).context).toEqual(context);
    await expect(client.decrypt(ciphertext)).rejects.toThrow(YunsealError);
    await expect(client.decrypt(ciphertext, { context: { tenant: 'b' } })).rejects.toThrow('"tenant"');
  });

  test('a required entry is bound even by a keyring that does not bind the context', async () => {
    const unbound = createEncryptionClient({ keyring: rememberingKeyring() });
    const { ciphertext } = await unbound.encrypt('x', {
      context: { tenant: 'a' },
      requiredContextKeys: ['tenant'],
    });
    await unbound.decrypt(ciphertext, { context: { tenant: 'a' } });
    for (const context of [{}, { tenant: 'b' }, { tenant: 'a', more: 'c' }]) {
      await expect(unbound.decrypt(ciphertext, { context })).rejects.toThrow(AuthenticationError);
    }
  });

  test('all or none of the entries may be required, also in a signed message', async () => {
    const context = { a: '1', b: '2' };
    for (const suite of ['0x0478', '0x0578'] as const) {
      const { ciphertext } = await client.encrypt('x', { suite, context, requiredContextKeys: ['a', 'b'] });
      expect((await client.decrypt(ciphertext, { context })).context).toEqual(context);
    }
  });

  test('unusual keys survive: __proto__, empty, unicode', async () => {
    const context = Object.fromEntries([
      ['__proto__', 'x'],
      ['', 'empty key'],
      ['constructor', ''],
      ['ключ', '值'],
    ]);
    const { ciphertext } = await client.encrypt('x', { context });
    const opened = await client.decrypt(ciphertext, { context });
    expect(Object.entries(opened.context).sort()).toEqual(Object.entries(context).sort());
    expect(Object.getPrototypeOf(opened.context)).toBe(Object.prototype);
  });

  test.each([
    ['a reserved key', { 'aws-crypto-public-key': 'x' }],
    ['a number', { a: 1 }],
    ['null', { a: null }],
    ['a lone surrogate', { a: '\ud800' }],
    ['a value of 64 KiB', { a: 'x'.repeat(65_536) }],
    ['entries of more than 64 KiB together', { a: 'x'.repeat(40_000), b: 'y'.repeat(40_000) }],
    ['an array', ['a']],
  ])('%s is refused', async (_, context) => {
    await expect(client.encrypt('x', { context: context as never })).rejects.toThrow(EncryptionContextError);
  });

  test('a context that just fits its 16-bit length', async () => {
    const context = { a: 'x'.repeat(65_535 - 2 - 4 - 1) };
    const { ciphertext } = await client.encrypt('x', { context });
    expect((await client.decrypt(ciphertext, { context })).context).toEqual(context);
    await expect(client.encrypt('x', { context: { a: `${context.a}x` } })).rejects.toThrow(
      EncryptionContextError,
    );
  });

  test('requiredContextKeys must name entries', async () => {
    await expect(
      client.encrypt('x', { context: { a: 'b' }, requiredContextKeys: ['c'] }),
    ).rejects.toMatchObject({
      code: 'InvalidEncryptionContext',
      entry: 'c',
    });
  });
});

describe('keys', () => {
  test('another key is refused, and the error says whose keys would open it', async () => {
    const { ciphertext } = await client.encrypt('x');
    const other = createEncryptionClient({ keyring: testKeyring(8) });
    const attempt = other.decrypt(ciphertext);
    await expect(attempt).rejects.toThrow(DataKeyUnwrapError);
    await expect(attempt).rejects.toThrow('"test" "key"');
  });

  test('the number of encrypted data keys is limited, writing and reading', async () => {
    const many = multiKeyring({
      generator: keyring,
      children: Array.from({ length: 10 }, (_, index) => testKeyring(index, `child ${index}`)),
    });
    await expect(createEncryptionClient({ keyring: many }).encrypt('x')).rejects.toThrow(LimitExceededError);
    const generous = createEncryptionClient({ keyring: many }, { maxEncryptedDataKeys: 11 });
    const { ciphertext } = await generous.encrypt('x');
    expect(inspectMessage(ciphertext).encryptedDataKeys).toHaveLength(11);
    await expect(client.decrypt(ciphertext)).rejects.toThrow(LimitExceededError);
    expect(decoder.decode((await generous.decrypt(ciphertext)).plaintext)).toBe('x');
  });

  test('a keyring that breaks its contract is told so', async () => {
    const results: [unknown, new (...args: never[]) => Error][] = [
      [{ plaintextDataKey: new Uint8Array(31), encryptedDataKeys: [{}] }, KeyringContractError],
      [{ plaintextDataKey: 'secret', encryptedDataKeys: [{}] }, KeyringContractError],
      [{ plaintextDataKey: undefined, encryptedDataKeys: [] }, DataKeyWrapError],
      [{ plaintextDataKey: new Uint8Array(32), encryptedDataKeys: [] }, DataKeyWrapError],
      [undefined, DataKeyWrapError],
    ];
    for (const [result, expected] of results) {
      const broken = { ...keyring, onEncrypt: async () => result as never };
      await expect(createEncryptionClient({ keyring: broken }).encrypt('x')).rejects.toThrow(expected);
    }
  });

  test('a materials manager that breaks its contract is told so, and its data key zeroed', async () => {
    const good = defaultMaterials(keyring);
    const { ciphertext } = await client.encrypt('x');
    const changes = [
      { suite: suites['0x0578'] },
      { plaintextDataKey: new Uint8Array(16).fill(1) },
      { plaintextDataKey: undefined },
    ];
    for (const change of changes) {
      const keys: Uint8Array[] = [];
      const broken = <T extends { plaintextDataKey: Uint8Array }>(materials: T): T => {
        const result = { ...materials, ...change } as T;
        if (result.plaintextDataKey !== undefined) keys.push(result.plaintextDataKey);
        return result;
      };
      const manager: MaterialsManager = {
        getEncryptionMaterials: async (request) => broken(await good.getEncryptionMaterials(request)),
        getDecryptionMaterials: async (request) => broken(await good.getDecryptionMaterials(request)),
      };
      const trusting = createEncryptionClient({ materials: manager });
      await expect(trusting.encrypt('x')).rejects.toThrow(KeyringContractError);
      await expect(trusting.decrypt(ciphertext)).rejects.toThrow(KeyringContractError);
      for (const key of keys) expect(key.every((byte) => byte === 0)).toBe(true);
    }
  });

  test('data keys are zeroed when an operation ends, well or not', async () => {
    const keeper = rememberingKeyring();
    const watched = createEncryptionClient({ keyring: keeper }, { commitmentPolicy: 'allow' });
    for (const suite of allFramedSuites) {
      const { ciphertext } = await watched.encrypt('x', { suite });
      await watched.decrypt(ciphertext);
      const changed = ciphertext.slice();
      changed[changed.length - 1]! ^= 1;
      await expect(watched.decrypt(changed)).rejects.toThrow();
    }
    const tooMany = createEncryptionClient(
      { keyring: multiKeyring({ generator: keeper, children: [keyring] }) },
      { maxEncryptedDataKeys: 1 },
    );
    await expect(tooMany.encrypt('x')).rejects.toThrow(LimitExceededError);
    const failing = multiKeyring({
      generator: keeper,
      children: [{ ...keyring, onEncrypt: async () => Promise.reject(new Error('down')) }],
    });
    await expect(createEncryptionClient({ keyring: failing }).encrypt('x')).rejects.toThrow('down');
    await expect(client.encrypt('x', { context: { a: 'x'.repeat(65_530) } })).rejects.toThrow();
    expect(keeper.handedOut.length).toBe(3 * allFramedSuites.length + 2);
    for (const key of keeper.handedOut) expect(key.every((byte) => byte === 0)).toBe(true);
  });
});

describe('what was changed is refused', () => {
  const cases = allFramedSuites.map((suite) => [suite.name, suite] as const);
  test.each(cases)('every bit of %s', { timeout: 60_000 }, async (_, suite) => {
    const unbound = createEncryptionClient(
      { keyring: rememberingKeyring() },
      { commitmentPolicy: 'allow', frameLength: 3 },
    );
    const { ciphertext } = await unbound.encrypt('four+', { suite, context: { a: 'b' } });
    const step = backend.name === 'node' ? 1 : 7;
    for (let bit = 0; bit < ciphertext.length * 8; bit += step) {
      const changed = ciphertext.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      // The remembering keyring opens anything, so this is the message's own protection.
      const error = await unbound.decrypt(changed).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, `bit ${bit}`).toBeInstanceOf(YunsealError);
    }
  });

  test('every cut-off length, and trailing bytes', async () => {
    for (const suite of ['0x0478', '0x0578', '0x0178'] as const) {
      const { ciphertext } = await lenient.encrypt('some text', {
        suite,
        frameLength: 4,
        context: { a: 'b' },
      });
      for (let length = 0; length < ciphertext.length; length += 1) {
        await expect(lenient.decrypt(ciphertext.subarray(0, length))).rejects.toThrow(TruncatedMessageError);
      }
      await expect(lenient.decrypt(Buffer.concat([ciphertext, Buffer.of(0)]))).rejects.toThrow(
        MalformedMessageError,
      );
    }
  });

  test('a data key that is not the committed one', async () => {
    const one = createEncryptionClient({ keyring: rememberingKeyring(new Uint8Array(32).fill(1)) });
    const two = createEncryptionClient({ keyring: rememberingKeyring(new Uint8Array(32).fill(2)) });
    const { ciphertext } = await one.encrypt('x');
    await expect(two.decrypt(ciphertext)).rejects.toThrow(CommitmentMismatchError);
  });

  test('a signature that does not fit', async () => {
    const { ciphertext } = await client.encrypt('x', { suite: '0x0578' });
    const changed = ciphertext.slice();
    changed[changed.length - 1]! ^= 1;
    await expect(client.decrypt(changed)).rejects.toThrow(SignatureInvalidError);
  });

  test('frames exchanged between messages, reordered or left out', async () => {
    const options = { frameLength: 4 };
    const [one, two] = [
      await client.encrypt('aaaabbbbcc', options),
      await client.encrypt('aaaabbbbcc', options),
    ];
    const { headerLength } = one.header;
    const frame = (message: Uint8Array, number: number) =>
      message.subarray(
        headerLength + (number - 1) * 36,
        number === 3 ? undefined : headerLength + number * 36,
      );
    const build = (...parts: Uint8Array[]) =>
      Buffer.concat([one.ciphertext.subarray(0, headerLength), ...parts]);
    const [a, b, c] = [1, 2, 3].map((number) => frame(one.ciphertext, number)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    expect(Buffer.compare(build(a, b, c), one.ciphertext)).toBe(0);
    for (const forged of [build(b, a, c), build(a, c), build(b, c), build(c), build(a, a, c), build(a, b)]) {
      await expect(client.decrypt(forged)).rejects.toThrow(YunsealError);
    }
    await expect(client.decrypt(build(frame(two.ciphertext, 1), b, c))).rejects.toThrow(AuthenticationError);
  });
});

describe('formats', () => {
  test('what starts like no format is refused, Base64 with a hint', async () => {
    await expect(client.decrypt(Uint8Array.of(0x77, 1, 2))).rejects.toThrow(MalformedMessageError);
    const { ciphertext } = await lenient.encrypt('x', { suite: '0x0178' });
    await expect(lenient.decrypt(Buffer.from(Buffer.from(ciphertext).toString('base64')))).rejects.toThrow(
      'Base64',
    );
    await expect(client.decrypt(new Uint8Array(0))).rejects.toThrow(TruncatedMessageError);
  });

  test('formats narrows what is read', async () => {
    const { ciphertext } = await client.encrypt('x');
    const onlyAliyun = createEncryptionClient({ keyring }, { formats: ['aliyun'] });
    await expect(onlyAliyun.decrypt(ciphertext)).rejects.toThrow(FormatNotAcceptedError);
  });
});
