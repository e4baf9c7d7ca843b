/**
 * Feeds damaged messages and noise to everything that reads messages, and stops at the first one that does anything but
 * decrypt to what was encrypted or fail with an error of this package.
 *
 *   node fuzz/main.ts [--inputs N] [--seconds S] [--seed N]
 *
 * Bounded by default; `--seconds 3600 --inputs 1000000000` is a long run. The seed is printed: the same seed and number
 * of inputs give the same inputs over the same corpus layout.
 */
import { parseArgs } from 'node:util';
import { inspectMessage, rewrapMessage, YunsealError } from '@yunseal/crypto-core';
import { makeCorpus, openClient, openDoor, type Specimen } from './corpus.ts';
import { mutate, noise } from './mutations.ts';
import { seededRandom } from './random.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const inputs = Number(values.inputs);
const deadline = performance.now() + Number(values.seconds) * 1000;
const random = seededRandom(Number(values.seed));
/** No input is larger than a few kilobytes: whatever allocates more than this trusted a length it read. */
const mostMemory = 64 * 2 ** 20;
const mostMilliseconds = 2000;

const corpus = await makeCorpus();
const counts = { inspected: 0, refused: 0, unchanged: 0, unauthenticated: 0 };
let slowest = 0;
let memory = 0;

console.log(`seed ${values.seed}; ${corpus.length} messages of all suites`);
await flipEveryBit();
await damageMessages();
console.log(
  `${counts.inspected} inputs: ${counts.refused} refused, ${counts.unchanged} decrypted to what was encrypted, ` +
    `${counts.unauthenticated} changed messages of unauthenticated algorithms decrypted (allowUnauthenticated)`,
);
console.log(
  `slowest input ${slowest.toFixed(1)} ms; at most ${(memory / 2 ** 20).toFixed(1)} MiB of buffers`,
);

/** Every single-bit flip of every message of the corpus. */
async function flipEveryBit(): Promise<void> {
  let flips = 0;
  const accepted: Record<string, number> = {};
  for (const specimen of corpus) {
    for (let bit = 0; bit < specimen.message.length * 8; bit += 1) {
      const changed = specimen.message.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      flips += 1;
      if ((await tryEverything(changed, specimen, flips % 16)) === 'unauthenticated') {
        accepted[specimen.suite.name] = (accepted[specimen.suite.name] ?? 0) + 1;
      }
    }
  }
  console.log(
    `${flips} single-bit flips; those of unauthenticated algorithms that were not noticed:`,
    accepted,
  );
}

async function damageMessages(): Promise<void> {
  const baseline = process.memoryUsage().arrayBuffers;
  let progress = performance.now();
  for (let count = 0; count < inputs; count += 1) {
    const specimen = random.pick(corpus);
    const input =
      random.int(20) === 0 ? noise(random) : mutate(specimen.message, random, random.pick(corpus).message);
    const start = performance.now();
    await tryEverything(input, specimen, count % 16);
    const now = performance.now();
    slowest = Math.max(slowest, now - start);
    if (now - start > mostMilliseconds) fail(input, `took ${now - start} ms`);
    if (count % 256 === 0) {
      memory = Math.max(memory, process.memoryUsage().arrayBuffers - baseline);
      if (memory > mostMemory) fail(input, `left ${memory} bytes of buffers allocated`);
    }
    if (now > deadline) {
      console.log(`stopped after ${count + 1} inputs: time is up`);
      return;
    }
    if (now - progress > 10_000) {
      progress = now;
      console.log(`${count + 1} inputs`);
    }
  }
}

type Outcome = 'refused' | 'unchanged' | 'unauthenticated';

/** Every way in for one input; the slower ones for one input in sixteen. */
async function tryEverything(input: Uint8Array, specimen: Specimen, turn: number): Promise<Outcome> {
  counts.inspected += 1;
  await typed(input, () => inspectMessage(input));
  const outcome = judge(
    input,
    specimen,
    await typed(input, async () => (await openClient.decrypt(input)).plaintext),
  );
  counts[outcome] += 1;
  if (turn === 0) judge(input, specimen, await typed(input, () => decryptStreamed(input)));
  if (turn === 5) await typed(input, () => rewrapMessage(input, { from: openDoor, to: openDoor }));
  if (turn === 10) await typed(input, async () => (await openClient.openMessage(input)).layout(input.length));
  return outcome;
}

/** The result, or undefined for an error of this package; anything else thrown ends the run. */
async function typed<T>(input: Uint8Array, run: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof YunsealError)) fail(input, `threw ${String(error)}`, error);
    return undefined;
  }
}

function judge(input: Uint8Array, specimen: Specimen, plaintext: Uint8Array | undefined): Outcome {
  if (plaintext === undefined) return 'refused';
  const known = corpus.some(({ plaintext: original }) => Buffer.compare(original, plaintext) === 0);
  const { suite } = inspectMessage(input);
  if (!suite.authenticated) return known ? 'unchanged' : 'unauthenticated';
  if (!known) fail(input, `of ${specimen.name} decrypted to something else`);
  return 'unchanged';
}

async function decryptStreamed(input: Uint8Array): Promise<Uint8Array> {
  const size = 1 + random.int(64);
  let at = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= input.length) controller.close();
      else controller.enqueue(input.slice(at, at + size));
      at += size;
    },
  });
  return new Response(source.pipeThrough(openClient.decryptStream())).bytes();
}

function fail(input: Uint8Array, what: string, cause?: unknown): never {
  console.error(`seed ${values.seed}: an input ${what}\n${Buffer.from(input).toString('base64')}`);
  throw new Error(what, { cause });
}
