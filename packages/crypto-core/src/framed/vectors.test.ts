import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import type { RsaPadding } from '../backend/backend.ts';
import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import { UnsupportedAlgorithmError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { multiKeyring } from '../keyrings/multi.ts';
import { rawAesKeyring } from '../keyrings/raw-aes.ts';
import { rawRsaKeyring } from '../keyrings/raw-rsa.ts';
import { sharedVectors } from '../test-support/shared-vectors.ts';
import { streamThrough } from '../test-support/streams.ts';

/** The parts of a decrypt manifest that raw-key vectors use (framework/test-vectors/decryption-manifest.md). */
interface Manifest {
  readonly tests: Record<
    string,
    {
      readonly ciphertext: string;
      readonly 'master-keys': readonly {
        readonly key: string;
        readonly 'provider-id': string;
        readonly 'encryption-algorithm': 'aes' | 'rsa';
        readonly 'padding-algorithm'?: 'oaep-mgf1' | 'pkcs1';
        readonly 'padding-hash'?: string;
      }[];
      readonly cmm: 'Default' | 'RequiredEncryptionContext';
      readonly 'encryption-context': Record<string, string>;
      readonly result: { readonly output?: { readonly plaintext: string }; readonly error?: unknown };
    }
  >;
}
interface Keys {
  readonly keys: Record<
    string,
    {
      readonly 'key-id': string;
      readonly encoding: 'base64' | 'pem';
      readonly type: string;
      readonly material: string;
    }
  >;
}

const folder = sharedVectors('esdk-net-4.0.1');

describe.skipIf(folder === undefined)('messages of the .NET Encryption SDK 4.0.1', () => {
  const root = folder!;
  const load = (uri: string) => new Uint8Array(readFileSync(new URL(uri.replace('file://', ''), root)));
  const json = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, root), 'utf8')) as T;
  const manifest: Manifest = folder === undefined ? { tests: {} } : json('manifest.json');
  const { keys }: Keys = folder === undefined ? { keys: {} } : json('keys.json');

  const keyringFor = (masterKey: Manifest['tests'][string]['master-keys'][number]): Keyring => {
    const key = keys[masterKey.key]!;
    const names = { namespace: masterKey['provider-id'], name: key['key-id'] };
    if (masterKey['encryption-algorithm'] === 'aes') {
      return rawAesKeyring({ ...names, key: Buffer.from(key.material, 'base64') });
    }
    const padding: RsaPadding =
      masterKey['padding-algorithm'] === 'pkcs1'
        ? 'pkcs1'
        : (`oaep-${masterKey['padding-hash']}` as RsaPadding);
    return rawRsaKeyring({
      ...names,
      padding,
      ...(key.type === 'private' ? { privateKey: key.material } : { publicKey: key.material }),
    });
  };

  test('there are vectors for all eleven suites', () => {
    const suites = new Set(
      Object.values(manifest.tests).map(({ ciphertext }) => inspectMessage(load(ciphertext)).suite.id),
    );
    expect(suites.size).toBe(11);
  });

  for (const [name, vector] of Object.entries(manifest.tests)) {
    test(name, async () => {
      const client = createEncryptionClient(
        { keyring: multiKeyring({ children: vector['master-keys'].map(keyringFor) }) },
        { commitmentPolicy: 'allow' },
      );
      const ciphertext = load(vector.ciphertext);
      const context = vector['encryption-context'];
      const expected = load(vector.result.output!.plaintext);

      const whole = await client.decrypt(ciphertext, { context });
      expect(Buffer.compare(whole.plaintext, expected)).toBe(0);
      expect(whole.context).toEqual(context);
      const streamed = streamThrough(client.decryptStream({ context }), ciphertext, 1000);
      if (backend.incrementalSignatures || whole.header.suite.signature === undefined) {
        expect(Buffer.compare(await streamed, expected)).toBe(0);
      } else {
        await expect(streamed).rejects.toThrow(UnsupportedAlgorithmError);
      }

      if (vector.cmm === 'RequiredEncryptionContext') {
        await expect(client.decrypt(ciphertext)).rejects.toThrow();
        for (const key of Object.keys(context)) {
          await expect(
            client.decrypt(ciphertext, { context: { ...context, [key]: 'other' } }),
          ).rejects.toThrow(key);
        }
      }
    });
  }
});
