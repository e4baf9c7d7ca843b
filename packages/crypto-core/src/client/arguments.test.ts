import { describe, expect, test } from 'vitest';
import {
  EncryptionContextError,
  InvalidArgumentError,
  KeyringContractError,
  SignatureInvalidError,
} from '../errors.ts';
import { cachingMaterials } from '../materials/caching.ts';
import { defaultMaterials } from '../materials/default.ts';
import type { MaterialsManager } from '../materials/manager.ts';
import { suites } from '../suites/table.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { createEncryptionClient, type EncryptionClient } from './client.ts';
import { inspectMessage } from './inspect.ts';
import { rewrapMessage } from './rewrap.ts';

const keyring = testKeyring();
const client = createEncryptionClient({ keyring });
const { ciphertext } = await client.encrypt('x', { context: { tenant: 'a' } });

describe('an option that does not exist is refused, with the nearest that does', () => {
  type Call = (options: never) => unknown;
  const calls: readonly [string, string, string, Call][] = [
    [
      'createEncryptionClient',
      'commitmentpolicy',
      'commitmentPolicy',
      (o) => createEncryptionClient({ keyring }, o),
    ],
    [
      'createEncryptionClient',
      'maxEncryptedDatakeys',
      'maxEncryptedDataKeys',
      (o) => createEncryptionClient({ keyring }, o),
    ],
    ['the key source', 'keyrings', 'keyring', (o) => createEncryptionClient({ keyring, ...(o as object) })],
    ['encrypt', 'encryptionContext', 'context', (o) => client.encrypt('x', o)],
    ['encryptStream', 'framelength', 'frameLength', (o) => client.encryptStream(o)],
    ['startMessage', 'Suite', 'suite', (o) => client.startMessage(o)],
    ['decrypt', 'encryptionContext', 'context', (o) => client.decrypt(ciphertext, o)],
    ['decryptStream', 'signedMessage', 'signedMessages', (o) => client.decryptStream(o)],
    ['openMessage', 'contexts', 'context', (o) => client.openMessage(ciphertext, o)],
    [
      'rewrapMessage',
      'frame',
      'frames',
      (o) => rewrapMessage(ciphertext, { from: keyring, to: keyring, ...(o as object) }),
    ],
  ];
  test.each(calls)('%s: %s', async (_, wrong, nearest, call) => {
    const attempt = (async () => call({ [wrong]: { tenant: 'b' } } as never))();
    await expect(attempt).rejects.toThrow(InvalidArgumentError);
    await expect(attempt).rejects.toThrow(`there is no option "${wrong}"; the nearest is ${nearest} `);
  });

  test('options that are no object are refused', async () => {
    for (const wrong of [null, 'context', 5]) {
      await expect(client.decrypt(ciphertext, wrong as never)).rejects.toThrow(InvalidArgumentError);
    }
  });
});

describe('a context whose entries cannot be seen is refused, not taken for none', () => {
  class Tenant {
    readonly #tenant = 'b';
    get tenant() {
      return this.#tenant;
    }
  }
  test.each([
    ['a Map', new Map([['tenant', 'b']])],
    ['an instance of a class', new Tenant()],
    ['URLSearchParams', new URLSearchParams({ tenant: 'b' })],
    ['an array', [['tenant', 'b']]],
    ['a function', () => ({ tenant: 'b' })],
  ])('%s', async (_, context) => {
    const call = { context: context as never };
    await expect(client.encrypt('x', call)).rejects.toThrow(EncryptionContextError);
    await expect(client.decrypt(ciphertext, call)).rejects.toThrow(EncryptionContextError);
    expect(() => client.decryptStream(call)).toThrow(EncryptionContextError);
  });

  test('an object without a prototype is one of entries', async () => {
    const context = Object.assign(Object.create(null), { tenant: 'a' });
    expect((await client.decrypt(ciphertext, { context })).context).toEqual({ tenant: 'a' });
  });
});

test('text that UTF-8 cannot hold is refused, not changed', async () => {
  await expect(client.encrypt('a\ud800b')).rejects.toThrow(InvalidArgumentError);
});

describe("a call's suite keeps to the client's format", () => {
  test.each([
    [{ format: 'framed' }, '0x0002'],
    [{ formats: ['framed'] }, '0x0002'],
    [{ format: 'aliyun' }, '0x0478'],
  ] as const)('%j does not write %s', async (options, suite) => {
    const narrow = createEncryptionClient({ keyring }, options);
    await expect(narrow.encrypt('x', { suite })).rejects.toThrow(InvalidArgumentError);
  });

  test('a client that was told nothing writes both', async () => {
    expect((await client.encrypt('x', { suite: '0x0002' })).header.format).toBe('aliyun');
  });
});

describe('materials of somebody else', () => {
  const encryptedDataKey = { providerId: 'p', providerInfo: 'i', ciphertext: Uint8Array.of(1) };
  const manager = (count: number, length: number): MaterialsManager => ({
    getEncryptionMaterials: async ({ suite, encryptionContext }) => ({
      suite,
      encryptionContext,
      encryptedDataKeys: Array.from({ length: count }, () => encryptedDataKey),
      plaintextDataKey: new Uint8Array(length),
    }),
    getDecryptionMaterials: async ({ suite, encryptionContext }) => ({
      suite,
      encryptionContext,
      plaintextDataKey: new Uint8Array(length),
    }),
  });
  const clientOf = (materials: unknown): EncryptionClient =>
    createEncryptionClient({ materials: materials as MaterialsManager });

  test('an object that is no manager is refused at once', () => {
    for (const wrong of [{}, { getEncryptionMaterials() {} }, 'manager', null]) {
      expect(() => clientOf(wrong)).toThrow(InvalidArgumentError);
      const caching = { materials: wrong as never, maxAgeMs: 1000 };
      expect(() => cachingMaterials(caching)).toThrow(InvalidArgumentError);
      expect(() => cachingMaterials({ keyring: wrong as never, maxAgeMs: 1000 })).toThrow(
        InvalidArgumentError,
      );
    }
  });

  test('no encrypted data key, and a data key of another length, are refused', async () => {
    await expect(clientOf(manager(0, 32)).encrypt('x')).rejects.toThrow(KeyringContractError);
    for (const length of [0, 1, 16, 31, 33]) {
      await expect(clientOf(manager(1, length)).encrypt('x')).rejects.toThrow(KeyringContractError);
      await expect(clientOf(manager(1, length)).decrypt(ciphertext)).rejects.toThrow(KeyringContractError);
    }
    const nothing = {
      getEncryptionMaterials: async () => undefined,
      getDecryptionMaterials: async () => undefined,
    };
    await expect(clientOf(nothing).encrypt('x')).rejects.toThrow(KeyringContractError);
  });
});

describe("the format's own context entry", () => {
  const mine = { 'aws-crypto-public-key': 'QUJD' };

  test('is not overwritten by defaultMaterials', async () => {
    for (const suite of [suites['0x0478'], suites['0x0578']]) {
      const request = { suite, encryptionContext: mine };
      await expect(defaultMaterials(keyring).getEncryptionMaterials(request)).rejects.toThrow(
        EncryptionContextError,
      );
    }
  });

  test('in an unsigned message is refused before a keyring is asked', async () => {
    const materials: MaterialsManager = {
      ...defaultMaterials(keyring),
      async getEncryptionMaterials({ suite }) {
        const wrapped = await keyring.onEncrypt({ suite, encryptionContext: mine, encryptedDataKeys: [] });
        return { ...wrapped, plaintextDataKey: wrapped.plaintextDataKey! };
      },
    };
    const message = (await createEncryptionClient({ materials }).encrypt('x')).ciphertext;
    let asked = 0;
    const counting = {
      ...keyring,
      onDecrypt(...given: Parameters<typeof keyring.onDecrypt>) {
        asked += 1;
        return keyring.onDecrypt(...given);
      },
    };
    const reader = createEncryptionClient({ keyring: counting });
    await expect(reader.decrypt(message)).rejects.toThrow(SignatureInvalidError);
    expect(asked).toBe(0);
  });
});

test('what is not bytes is no message', () => {
  expect(() => inspectMessage('AYADeA' as never)).toThrow(InvalidArgumentError);
});

describe('a message writer checks what it is given', () => {
  test.each([
    ['text', 'éééé', 'regular'],
    ['numbers of 16 bits', Uint16Array.of(1000, 2000, 3000, 4000), 'regular'],
    ['no kind', new Uint8Array(4), undefined],
    ['an unknown kind', new Uint8Array(4), 'FINAL'],
    ['a kind that frames are not', new Uint8Array(4), 'non-framed'],
  ])('%s', async (_, plaintext, kind) => {
    const writer = await client.startMessage({ frameLength: 4 });
    const attempt = writer.encryptFrame(1, plaintext as never, kind as never);
    await expect(attempt).rejects.toThrow(InvalidArgumentError);
    // The number was not used up.
    await writer.encryptFrame(1, new Uint8Array(4), 'final');
  });
});
