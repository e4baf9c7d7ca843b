import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc64, createCrc64 } from './crc64.ts';

async function crc64(...chunks: Uint8Array[]): Promise<string> {
  const checksum = await createCrc64();
  for (const chunk of chunks) checksum.update(chunk);
  return checksum.digest();
}

describe('CRC-64', () => {
  it('is CRC-64/XZ: the check value of its catalogue entry', async () => {
    expect(await crc64(Buffer.from('123456789'))).toBe(BigInt('0x995dc9bbdf1939fa').toString());
  });

  it('keeps checksums apart that are taken at the same time', async () => {
    const [a, b] = [await createCrc64(), await createCrc64()];
    a.update(Buffer.from('12345'));
    b.update(Buffer.from('something else'));
    a.update(Buffer.from('6789'));
    expect(a.digest()).toBe(await crc64(Buffer.from('123456789')));
    expect(b.digest()).toBe(await crc64(Buffer.from('something else')));
  });

  it('of two byte strings combines to that of both', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), async (a, b) => {
        expect(combineCrc64(await crc64(a), await crc64(b), b.length)).toBe(await crc64(a, b));
      }),
      { numRuns: 50 },
    );
  });
});
