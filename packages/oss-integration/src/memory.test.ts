import { expect, it } from 'vitest';
import { giveBack, givingBack } from './memory.ts';

it('gives back memory that is all the chunk’s, and no other', () => {
  const own = new Uint8Array(8192);
  giveBack(own);
  expect(own.length).toBe(0);
  const shared = new Uint8Array(16_384);
  giveBack(shared.subarray(0, 8192));
  expect(shared.length).toBe(16_384);
  const small = new Uint8Array(16);
  giveBack(small);
  expect(small.length).toBe(16);
});

it('leaves a chunk alone until the next one is asked for', async () => {
  const chunks = [new Uint8Array(8192).fill(1), new Uint8Array(8192).fill(2)];
  const source = async function* () {
    yield* chunks;
  };
  const seen: number[] = [];
  for await (const chunk of givingBack(source())) seen.push(chunk[0] ?? 0, chunk.length);
  expect(seen).toEqual([1, 8192, 2, 8192]);
  expect(chunks.map((chunk) => chunk.length)).toEqual([0, 0]);
});
