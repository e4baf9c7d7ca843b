import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DecryptedObject, withBody } from './decrypted-object.ts';
import { PlaintextTakenError } from './errors.ts';
import { withFolder } from './test-support/fixtures.ts';

async function* pieces() {
  yield new TextEncoder().encode('pre');
  yield new TextEncoder().encode('cious');
}
const newObject = () => withBody({}, pieces());
type Plaintext = Pick<DecryptedObject, 'body' | 'bytes' | 'text' | 'saveTo'>;

describe('the plaintext of an object', () => {
  const ways: Record<string, (object: Plaintext, folder: string) => Promise<unknown>> = {
    bytes: (object) => object.bytes(),
    text: (object) => object.text(),
    saveTo: (object, folder) => object.saveTo(join(folder, 'file')),
    'a part of body': async (object) => {
      const reader = object.body.getReader();
      await reader.read();
      reader.releaseLock();
    },
    'a body that is being read': async (object) => void object.body.getReader(),
  };

  it.each(Object.keys(ways))('is not given out again after %s', async (first) => {
    await withFolder(async (folder) => {
      const object = newObject();
      await ways[first]?.(object, folder);
      await expect(object.bytes()).rejects.toThrow(PlaintextTakenError);
      await expect(object.text()).rejects.toThrow(PlaintextTakenError);
      await expect(object.saveTo(join(folder, 'again'))).rejects.toThrow(PlaintextTakenError);
      expect(await readdir(folder)).toEqual(first === 'saveTo' ? ['file'] : []);
    });
  });

  it('goes whole to the first of two who want it at once', async () => {
    const object = newObject();
    const [first, second] = await Promise.allSettled([object.text(), object.bytes()]);
    expect(first).toMatchObject({ status: 'fulfilled', value: 'precious' });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'PlaintextTaken' } });
    expect(() => object.body).toThrow(PlaintextTakenError);
  });

  it('can still be taken in another way when nobody has read from its body', async () => {
    const object = newObject();
    expect(object.body).toBe(object.body);
    expect(await object.text()).toBe('precious');
  });
});
