import { describe, expect, test } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import {
  DataKeyUnwrapError,
  DataKeyWrapError,
  InvalidArgumentError,
  KeyringContractError,
} from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { suites } from '../suites/table.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { multiKeyring } from './multi.ts';

const [a, b, c] = [testKeyring(1, 'a'), testKeyring(2, 'b'), testKeyring(3, 'c')];
const down = (message: string): Keyring => ({
  onEncrypt: () => Promise.reject(new Error(message)),
  onDecrypt: () => Promise.reject(new Error(message)),
});
const clientOf = (keyring: Keyring) => createEncryptionClient({ keyring });
const materials = { suite: suites['0x0478'], encryptionContext: {}, encryptedDataKeys: [] };

describe('encrypting', () => {
  test('all keyrings wrap the same data key, the generator first', async () => {
    const { ciphertext, header } = await clientOf(multiKeyring({ generator: a, children: [b, c] })).encrypt(
      'x',
    );
    expect(header.encryptedDataKeys.map(({ providerInfo }) => providerInfo[0])).toEqual(['a', 'b', 'c']);
    for (const each of [a, b, c]) expect((await clientOf(each).decrypt(ciphertext)).plaintext.length).toBe(1);
  });

  test('fails if any keyring fails, and says which', async () => {
    const attempt = clientOf(multiKeyring({ generator: a, children: [b, down('no route')] })).encrypt('x');
    await expect(attempt).rejects.toThrow(DataKeyWrapError);
    await expect(attempt).rejects.toThrow('child 2 failed to wrap the data key: no route');
    await expect(
      clientOf(multiKeyring({ generator: down('gone'), children: [a] })).encrypt('x'),
    ).rejects.toThrow('the generator failed to wrap the data key: gone');
  });

  test('without a generator there must be a data key', async () => {
    const children = multiKeyring({ children: [a, b] });
    await expect(children.onEncrypt(materials)).rejects.toThrow(DataKeyWrapError);
    const wrapped = await children.onEncrypt({ ...materials, plaintextDataKey: new Uint8Array(32).fill(9) });
    expect(wrapped.encryptedDataKeys).toHaveLength(2);
  });

  test.each([
    ['loses the data key', { plaintextDataKey: undefined }],
    ['replaces the data key', { plaintextDataKey: new Uint8Array(32) }],
    ['adds nothing', { encryptedDataKeys: [] }],
  ])('a child that %s is refused', async (_, change) => {
    const careless: Keyring = {
      ...b,
      onEncrypt: async (given) => ({ ...(await b.onEncrypt(given)), ...change }),
    };
    await expect(multiKeyring({ generator: a, children: [careless] }).onEncrypt(materials)).rejects.toThrow(
      KeyringContractError,
    );
  });

  test('no array that a child put in the place of the data key keeps it', async () => {
    const made: Uint8Array[] = [];
    const copying = (keyring: Keyring, change = (key: Uint8Array) => key.slice()): Keyring => ({
      ...keyring,
      async onEncrypt(given) {
        const wrapped = await keyring.onEncrypt(given);
        const plaintextDataKey = change(wrapped.plaintextDataKey!);
        made.push(plaintextDataKey);
        return { ...wrapped, plaintextDataKey };
      },
    });
    const zero = new Uint8Array(32);
    const wrapped = await multiKeyring({ generator: copying(a), children: [copying(b), c] }).onEncrypt(
      materials,
    );
    for (const key of made.filter((each) => each !== wrapped.plaintextDataKey)) expect(key).toEqual(zero);
    expect(wrapped.plaintextDataKey).not.toEqual(zero);

    made.splice(0);
    for (const child of [copying(b, () => new Uint8Array(32).fill(9)), down('no')]) {
      const failing = multiKeyring({ generator: copying(a), children: [copying(c), child] });
      await expect(failing.onEncrypt(materials)).rejects.toThrow();
    }
    for (const key of made) expect(key).toEqual(zero);

    // The caller's own array is the caller's to zero.
    const own = new Uint8Array(32).fill(7);
    await multiKeyring({ generator: copying(a), children: [b] }).onEncrypt({
      ...materials,
      plaintextDataKey: own,
    });
    expect(own).toEqual(new Uint8Array(32).fill(7));
  });

  test('a multi-keyring may stand inside another', async () => {
    const inner = multiKeyring({ generator: b, children: [c] });
    const { ciphertext } = await clientOf(multiKeyring({ generator: a, children: [inner] })).encrypt('x');
    for (const each of [a, b, c, inner])
      expect((await clientOf(each).decrypt(ciphertext)).plaintext.length).toBe(1);
  });

  test('nothing to wrap with is refused', () => {
    expect(() => multiKeyring({})).toThrow(InvalidArgumentError);
  });
});

describe('decrypting', () => {
  test('succeeds if any keyring does, whatever the others do', async () => {
    const { ciphertext } = await clientOf(b).encrypt('x');
    for (const children of [
      [a, b],
      [down('x'), b],
      [b, down('x')],
      [c, down('x'), b, a],
    ]) {
      expect((await clientOf(multiKeyring({ children })).decrypt(ciphertext)).plaintext.length).toBe(1);
    }
  });

  test('an overall failure lists every cause', async () => {
    const { ciphertext } = await clientOf(c).encrypt('x');
    const failing = multiKeyring({ generator: down('access denied'), children: [a, down('timed out')] });
    try {
      await clientOf(failing).decrypt(ciphertext);
      expect.fail('must fail');
    } catch (error) {
      expect(error).toBeInstanceOf(DataKeyUnwrapError);
      const { message, errors } = error as DataKeyUnwrapError;
      expect(errors.map((each) => (each as Error).message)).toEqual([
        'access denied',
        expect.stringContaining('child 1'),
        'timed out',
      ]);
      expect(message).toContain('the generator: access denied');
      expect(message).toContain('child 2: timed out');
    }
  });

  test('when none has anything to unwrap the client says whose keys the message was encrypted for', async () => {
    const { ciphertext } = await clientOf(c).encrypt('x');
    const attempt = clientOf(multiKeyring({ generator: a, children: [b] })).decrypt(ciphertext);
    await expect(attempt).rejects.toThrow(DataKeyUnwrapError);
    await expect(attempt).rejects.toThrow('"test" "c"');
  });

  test('materials that have a data key already are refused', async () => {
    const again = { suite: suites['0x0478'], encryptionContext: {}, plaintextDataKey: new Uint8Array(32) };
    await expect(multiKeyring({ generator: a }).onDecrypt(again, [])).rejects.toThrow(InvalidArgumentError);
  });
});
