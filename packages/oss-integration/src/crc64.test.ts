import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc64, crc64Of, newCrc64 } from './crc64.ts';

describe('CRC-64/XZ', () => {
  it('gives the published check value', async () => {
    expect(await crc64Of(new TextEncoder().encode('123456789'))).toBe(0x995dc9bbdf1939fan);
    expect(await crc64Of(new Uint8Array())).toBe(0n);
  });

  it('does not care how the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 })), async (chunks) => {
        const crc = await newCrc64();
        for (const chunk of chunks) crc.update(chunk);
        expect(crc.digest()).toBe(await crc64Of(Buffer.concat(chunks)));
      }),
    );
  });

  it('keeps counters that run at the same time apart', async () => {
    const [a, b] = [await newCrc64(), await newCrc64()];
    a.update(Buffer.from('1234'));
    b.update(Buffer.from('123456789'));
    a.update(Buffer.from('56789'));
    expect(a.digest()).toBe(b.digest());
  });

  it('combines the checksums of two pieces into that of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 500 }), async (a, b) => {
        const whole = combineCrc64(await crc64Of(a), await crc64Of(b), b.length);
        expect(whole).toBe(await crc64Of(Buffer.concat([a, b])));
      }),
    );
  });
});
