import type { Random } from './random.ts';

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const interesting16 = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff];
const interesting32 = [0, 1, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

function changed(bytes: Uint8Array, change: (copy: Uint8Array, view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy, new DataView(copy.buffer));
  return copy;
}

/** Ways to damage a message: small ones, wrong lengths, and pieces that move. */
const mutations: readonly Mutation[] = [
  (bytes, random) => changed(bytes, (copy) => (copy[random.int(copy.length)]! ^= 1 << random.int(8))),
  (bytes, random) => changed(bytes, (copy) => (copy[random.int(copy.length)] = random.int(256))),
  (bytes, random) =>
    changed(bytes, (copy) => (copy[random.int(copy.length)] = random.pick([0, 1, 0x30, 0x7f, 0x80, 0xff]))),
  (bytes, random) =>
    changed(bytes, (copy, view) => view.setUint16(random.int(copy.length - 1), random.pick(interesting16))),
  (bytes, random) =>
    changed(bytes, (copy, view) => view.setUint32(random.int(copy.length - 3), random.pick(interesting32))),
  (bytes, random) =>
    changed(bytes, (copy, view) =>
      view.setUint32(random.int(copy.length - 3), random.pick(interesting32), true),
    ),
  (bytes, random) => bytes.slice(0, random.int(bytes.length)),
  (bytes, random) => concat(bytes, random.bytes(1 + random.int(40))),
  (bytes, random) => {
    const from = random.int(bytes.length);
    return concat(bytes.subarray(0, from), bytes.subarray(from + 1 + random.int(20)));
  },
  (bytes, random) => {
    const from = random.int(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random.int(60));
    const at = random.int(bytes.length);
    return concat(bytes.subarray(0, at), piece, bytes.subarray(at));
  },
  (bytes, random, other) =>
    concat(bytes.subarray(0, random.int(bytes.length)), other.subarray(random.int(other.length))),
];

/** A message with one to four things wrong with it. */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let result = bytes;
  for (let count = 1 + random.int(4); count > 0; count -= 1) {
    if (result.length >= 4) result = random.pick(mutations)(result, random, other);
  }
  return result;
}

/** Bytes that are no message at all, though they start like one. */
export function noise(random: Random): Uint8Array {
  const bytes = random.bytes(random.int(300));
  if (bytes.length > 0) bytes[0] = random.pick([0x00, 0x01, 0x02, 0x30]);
  if (bytes.length > 3 && bytes[0] === 1)
    bytes.set([0x80, random.pick([0, 1, 2, 3]), random.pick([0x14, 0x46, 0x78])], 1);
  if (bytes.length > 2 && bytes[0] === 2) bytes.set([random.pick([4, 5]), 0x78], 1);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
