import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import {
  AuthenticationError,
  InvalidArgumentError,
  MalformedMessageError,
  TruncatedMessageError,
  UnsupportedOperationError,
} from '../errors.ts';
import { testKeyring } from '../test-support/keyrings.ts';

const client = createEncryptionClient({ keyring: testKeyring() }, { frameLength: 10 });
const letters = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz');

describe('openMessage', () => {
  test('any range of the plaintext can be read from the frames that hold it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.nat(),
        async (plaintext, frameLength, from, to) => {
          const { ciphertext, header } = await client.encrypt(plaintext, {
            frameLength,
            context: { a: 'b' },
          });
          using reader = await client.openMessage(ciphertext.subarray(0, header.headerLength), {
            context: { a: 'b' },
          });
          expect(reader.header).toEqual(header);
          const layout = reader.layout(ciphertext.length);
          expect(layout.plaintextLength).toBe(plaintext.length);
          const [start, end] = [from % (plaintext.length + 1), to % (plaintext.length + 1)].sort(
            (a, b) => a - b,
          );
          const first = layout.frameAt(start!);
          const last = layout.frameAt(Math.max(start!, end! - 1));
          const read: number[] = [];
          for (let number = first; number <= last; number += 1) {
            const span = layout.frame(number);
            read.push(
              ...(await reader.decryptFrame(
                span,
                ciphertext.subarray(span.offset, span.offset + span.length),
              )),
            );
          }
          const skipped = start! - layout.frame(first).plaintextOffset;
          expect(read.slice(skipped, skipped + end! - start!)).toEqual([...plaintext.subarray(start, end)]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a frame in the wrong place, changed, or cut is refused', async () => {
    const { ciphertext } = await client.encrypt(letters);
    const reader = await client.openMessage(ciphertext);
    const layout = reader.layout(ciphertext.length);
    expect(layout.frameCount).toBe(3);
    const bytes = (number: number) => {
      const { offset, length } = layout.frame(number);
      return ciphertext.slice(offset, offset + length);
    };
    await expect(reader.decryptFrame(layout.frame(1), bytes(2))).rejects.toThrow(MalformedMessageError);
    const renumbered = bytes(2);
    renumbered.set(bytes(1).subarray(0, 16));
    await expect(reader.decryptFrame(layout.frame(1), renumbered)).rejects.toThrow(AuthenticationError);
    const changed = bytes(1);
    changed[20]! ^= 1;
    await expect(reader.decryptFrame(layout.frame(1), changed)).rejects.toThrow(AuthenticationError);
    await expect(reader.decryptFrame(layout.frame(1), bytes(1).subarray(0, 30))).rejects.toThrow(
      TruncatedMessageError,
    );
    await expect(reader.decryptFrame({ ...layout.frame(3), final: false }, bytes(3))).rejects.toThrow(
      MalformedMessageError,
    );
    reader.close();
    await expect(reader.decryptFrame(layout.frame(1), bytes(1))).rejects.toThrow(InvalidArgumentError);
  });

  test('no message has a length that leaves no whole frames', async () => {
    const { ciphertext } = await client.encrypt(letters);
    const reader = await client.openMessage(ciphertext);
    for (const length of [reader.header.headerLength, ciphertext.length - 7, ciphertext.length + 5]) {
      expect(() => reader.layout(length)).toThrow(MalformedMessageError);
    }
  });

  test('a header that is not all there says how many bytes are needed', async () => {
    const { ciphertext, header } = await client.encrypt(letters, { context: { purpose: 'test' } });
    let available = 1;
    let rounds = 0;
    for (;;) {
      try {
        const reader = await client.openMessage(ciphertext.subarray(0, available));
        expect(available).toBe(header.headerLength);
        reader.close();
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(TruncatedMessageError);
        available = (error as TruncatedMessageError).needed;
        rounds += 1;
        expect(rounds).toBeLessThan(30);
      }
    }
  });

  test('a signed message is refused, since only all of it together is authentic', async () => {
    const { ciphertext } = await client.encrypt(letters, { suite: '0x0578' });
    await expect(client.openMessage(ciphertext)).rejects.toThrow(UnsupportedOperationError);
  });
});

describe('startMessage', () => {
  test('frames written in any order make a message that decrypts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.integer({ min: 1, max: 30 }),
        fc.infiniteStream(fc.nat()),
        async (plaintext, frameLength, random) => {
          using writer = await client.startMessage({ frameLength, context: { x: 'y' } });
          const count = Math.ceil(plaintext.length / frameLength);
          const order = Array.from({ length: count }, (_, index) => index + 1)
            .map((number) => [random.next().value as number, number] as const)
            .sort(([a], [b]) => a - b)
            .map(([, number]) => number);
          const frames: Uint8Array[] = [];
          for (const number of order) {
            const content = plaintext.subarray((number - 1) * frameLength, number * frameLength);
            frames[number] = await writer.encryptFrame(
              number,
              content,
              number === count ? 'final' : 'regular',
            );
          }
          const message = Buffer.concat([writer.headerBytes, ...frames.slice(1)]);
          expect(message.length).toBe(writer.messageLength(plaintext.length));
          const { plaintext: read } = await client.decrypt(message, { context: { x: 'y' } });
          expect([...read]).toEqual([...plaintext]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a frame number is used once, and nothing comes after the final frame', async () => {
    const writer = await client.startMessage();
    const content = letters.subarray(0, 10);
    await writer.encryptFrame(2, content, 'regular');
    await expect(writer.encryptFrame(2, content, 'regular')).rejects.toThrow('was encrypted before');
    await expect(writer.encryptFrame(1, content, 'final')).rejects.toThrow('does not fit');
    await writer.encryptFrame(1, content, 'regular');
    await expect(writer.encryptFrame(1, content, 'regular')).rejects.toThrow('was encrypted before');
    await writer.encryptFrame(3, content.subarray(0, 3), 'final');
    await expect(writer.encryptFrame(4, content, 'regular')).rejects.toThrow('does not fit');
    await expect(writer.encryptFrame(4, content, 'final')).rejects.toThrow('does not fit');
    writer.close();
    await expect(writer.encryptFrame(4, content, 'final')).rejects.toThrow('closed');
  });

  test('frame lengths are kept to', async () => {
    using writer = await client.startMessage();
    await expect(writer.encryptFrame(1, letters.subarray(0, 9), 'regular')).rejects.toThrow(
      InvalidArgumentError,
    );
    await expect(writer.encryptFrame(1, letters.subarray(0, 11), 'final')).rejects.toThrow(
      InvalidArgumentError,
    );
    await expect(writer.encryptFrame(0, letters.subarray(0, 1), 'final')).rejects.toThrow(
      InvalidArgumentError,
    );
  });

  test('a signed suite is refused', async () => {
    await expect(client.startMessage({ suite: '0x0578' })).rejects.toThrow(UnsupportedOperationError);
  });
});
