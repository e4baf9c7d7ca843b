import { expect, test } from 'vitest';
import { backend } from '#backend';
import type { EncryptedDataKey, Keyring } from '../keyring.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { streamThrough } from '../test-support/streams.ts';
import { createEncryptionClient } from './client.ts';
import { rewrapMessage } from './rewrap.ts';

const own = testKeyring();
const count = 100;
const foreign: EncryptedDataKey[] = Array.from({ length: count }, (_, index) => ({
  providerId: 'somebody',
  providerInfo: `key ${index}`,
  ciphertext: Uint8Array.of(index & 0xff, 1, 2, 3),
}));
const keyring: Keyring = {
  ...own,
  async onEncrypt(materials) {
    const wrapped = await own.onEncrypt(materials);
    return { ...wrapped, encryptedDataKeys: [...foreign, ...wrapped.encryptedDataKeys] };
  },
};
const most = { maxEncryptedDataKeys: 0xffff };
const context = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`entry ${index}`, 'value']));

for (const format of ['framed', 'aliyun'] as const) {
  test(`${format}: a header of many keys is read once, however small the chunks`, async () => {
    const client = createEncryptionClient({ keyring }, { ...most, format, encoding: 'stream' });
    const { ciphertext } = await client.encrypt('x', { context });
    const source = new TransformStream<Uint8Array, Uint8Array>();
    const rewrapping = rewrapMessage(source.readable, { from: own, to: own, ...most });
    const streams = [{ readable: rewrapping, writable: source.writable } as never];
    if (format === 'framed' || backend.name === 'node') streams.push(client.decryptStream() as never);
    for (const stream of streams) {
      // Every field is read as a view. Starting over at every chunk would read a hundred times as many.
      const { subarray } = Uint8Array.prototype;
      let views = 0;
      Uint8Array.prototype.subarray = function (...range) {
        views += 1;
        return subarray.apply(this, range) as never;
      };
      const passing = streamThrough(stream, ciphertext, 5).finally(() => {
        Uint8Array.prototype.subarray = subarray;
      });
      expect((await passing).length).toBeGreaterThan(0);
      expect(views).toBeLessThan(10 * ciphertext.length);
    }
  });
}

test('an error names some of the keys of a message, not thousands', async () => {
  const { ciphertext } = await createEncryptionClient({ keyring }, most).encrypt('x');
  const other = createEncryptionClient({ keyring: testKeyring(9, 'other') }, most);
  const failure: Error = await other.decrypt(ciphertext).catch((error) => error);
  expect(failure.message).toContain('"key 9" and 91 more');
  expect(failure.message.length).toBeLessThan(1000);
});
