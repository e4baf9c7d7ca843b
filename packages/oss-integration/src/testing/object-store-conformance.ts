import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { crc64Of } from '../crc64.ts';
import { ObjectChangedError, ObjectExistsError, ObjectNotFoundError, StoreError } from '../errors.ts';
import type { ObjectStore, StoredPart } from '../store/object-store.ts';

/** One thing every store must do. `run` rejects when the store does not. */
export interface ConformanceCase {
  readonly name: string;
  /** @param store over an existing bucket that may be written to; cases use keys of their own. */
  run(store: ObjectStore): Promise<void>;
}

/** Keys that OSS allows and that clients get wrong. */
const oddKeys: readonly string[] = [
  'plain',
  'with space',
  'a+b&c=d',
  'percent%41%',
  'question?mark#hash',
  'quote\'single"double`back',
  'semi;colon:at@comma,dollar$',
  'paren(thesis)*star!tilde~',
  '中文/文件 名.txt',
  'emoji-\u{1F512}',
  'e\u0301-combining',
  'dots/./and/../more',
  'double//slash/',
  'trailing/',
  '.',
  'back\\slash|pipe^caret[square]{curly}<angle>',
  'tab\tand\u0001control',
  'n'.repeat(1023),
];

const PART = 100 * 1024;

/** What every `ObjectStore` must do, to be run by any test runner. */
export const objectStoreConformance: readonly ConformanceCase[] = [
  {
    name: 'gives back bytes and metadata, in one read',
    async run(store) {
      const key = newKey();
      const bytes = randomBytes(70_000);
      const metadata = { plain: 'value', 'with-hyphen': 'a b', unicode: 'ключ/锁' };
      const written = await store.put(key, bytes, { metadata, contentType: 'text/x-test' });
      const read = await store.get(key);
      assert.deepEqual(await collect(read.body), bytes);
      assert.deepEqual({ ...read.metadata }, metadata);
      assert.equal(read.length, bytes.length);
      assert.equal(read.contentType, 'text/x-test');
      assert.equal(read.etag, written.etag);
      assert.deepEqual(read.range, { first: 0, last: bytes.length - 1 });
      assert.ok(read.lastModified instanceof Date);
      const head = await store.head(key);
      assert.equal(head.etag, read.etag);
      assert.equal(head.length, bytes.length);
      assert.deepEqual({ ...head.metadata }, metadata);
    },
  },
  {
    name: 'stores streams of declared and of unknown length',
    async run(store) {
      const bytes = randomBytes(300_000);
      for (const length of [bytes.length, undefined]) {
        const key = newKey();
        await store.put(key, { stream: pieces(bytes, 7_777), length });
        assert.deepEqual(await collect((await store.get(key)).body), bytes);
      }
    },
  },
  {
    name: 'stores empty objects',
    async run(store) {
      for (const body of [new Uint8Array(), { stream: pieces(new Uint8Array(), 1) }]) {
        const key = newKey();
        await store.put(key, body);
        const read = await store.get(key);
        assert.equal(read.length, 0);
        assert.equal(read.range, undefined);
        assert.equal((await collect(read.body)).length, 0);
      }
    },
  },
  {
    name: 'leaves the old object alone when the source of a stream fails, and passes its error on',
    async run(store) {
      const key = newKey();
      await store.put(key, Buffer.from('old'));
      const failure = new Error('the disk is gone');
      const failing = async function* () {
        yield randomBytes(100_000);
        throw failure;
      };
      await assert.rejects(store.put(key, { stream: failing() }), failure);
      await assert.rejects(store.put(key, { stream: failing(), length: 200_000 }), failure);
      await assert.rejects(store.put(key, { stream: pieces(randomBytes(10), 10), length: 11 }));
      await assert.rejects(store.put(key, { stream: pieces(randomBytes(12), 12), length: 11 }));
      assert.equal((await collect((await store.get(key)).body)).toString(), 'old');
    },
  },
  {
    name: 'reads ranges as HTTP counts them',
    async run(store) {
      const key = newKey();
      const bytes = randomBytes(1000);
      await store.put(key, bytes);
      const cases = [
        [{ first: 0, last: 0 }, 0, 1],
        [{ first: 10, last: 19 }, 10, 20],
        [{ first: 990, last: 5000 }, 990, 1000],
        [{ suffix: 10 }, 990, 1000],
        [{ suffix: 5000 }, 0, 1000],
      ] as const;
      for (const [range, start, end] of cases) {
        const read = await store.get(key, { range });
        assert.deepEqual(read.range, { first: start, last: end - 1 });
        assert.equal(read.length, 1000);
        assert.deepEqual(await collect(read.body), bytes.subarray(start, end));
      }
      await assert.rejects(store.get(key, { range: { first: 1000, last: 1001 } }), (error) => {
        return error instanceof StoreError && error.request.statusCode === 416;
      });
    },
  },
  {
    name: 'takes every key that OSS allows, for every operation',
    async run(store) {
      const folder = newKey();
      for (const odd of oddKeys) {
        const key = odd.length === 1023 ? odd : `${folder}/${odd}`;
        const bytes = Buffer.from(key);
        await store.put(key, bytes);
        assert.deepEqual(await collect((await store.get(key)).body), bytes, key);
        assert.equal((await store.head(key)).length, bytes.length, key);
        const copied = odd.length === 1023 ? `${newKey()}` : `${key}-copy`;
        await store.copy(key, copied);
        assert.deepEqual(await collect((await store.get(copied)).body), bytes, key);
        const uploadId = await store.createMultipartUpload(key);
        const part = await store.uploadPart(key, uploadId, 1, Buffer.from('part'));
        assert.equal((await store.listParts(key, uploadId)).length, 1, key);
        await store.completeMultipartUpload(key, uploadId, [part]);
        assert.equal((await collect((await store.get(key)).body)).toString(), 'part', key);
        const listed = await store.list({ prefix: key });
        assert.ok(
          listed.entries.some((entry) => entry.key === key),
          key,
        );
        await store.delete(key);
        await assert.rejects(store.head(key), ObjectNotFoundError, key);
      }
    },
  },
  {
    name: 'refuses keys that OSS does not allow before anything is sent',
    async run(store) {
      for (const key of ['', '/slash', '\\backslash', 'x'.repeat(1024), '\ud800']) {
        await assert.rejects(store.put(key, new Uint8Array()), { code: 'InvalidArgument' });
      }
    },
  },
  {
    name: 'keeps conditions: if-match, if-absent, source if-match',
    async run(store) {
      const key = newKey();
      const first = await store.put(key, Buffer.from('one'));
      await assert.rejects(store.put(key, Buffer.from('two'), { ifAbsent: true }), ObjectExistsError);
      await store.put(key, Buffer.from('two'));
      await assert.rejects(store.get(key, { ifMatch: first.etag }), ObjectChangedError);
      await assert.rejects(store.head(key, { ifMatch: first.etag }), ObjectChangedError);
      const copy = newKey();
      await assert.rejects(store.copy(key, copy, { ifSourceMatch: first.etag }), ObjectChangedError);
      const { etag } = await store.head(key);
      await store.copy(key, copy, { ifSourceMatch: etag });
      assert.equal((await collect((await store.get(copy, { ifMatch: etag })).body)).toString(), 'two');
      await assert.rejects(store.copy(key, copy, { ifAbsent: true }), ObjectExistsError);
    },
  },
  {
    name: 'copies with the same metadata, or with other',
    async run(store) {
      const [source, kept, replaced] = [newKey(), newKey(), newKey()];
      await store.put(source, Buffer.from('x'), { metadata: { a: '1' }, contentType: 'text/a' });
      await store.copy(source, kept);
      await store.copy(source, replaced, { metadata: { b: '2' }, contentType: 'text/b' });
      const [one, two] = [await store.head(kept), await store.head(replaced)];
      assert.deepEqual({ ...one.metadata }, { a: '1' });
      assert.equal(one.contentType, 'text/a');
      assert.deepEqual({ ...two.metadata }, { b: '2' });
      assert.equal(two.contentType, 'text/b');
      await store.copy(source, source, {
        metadata: { c: '3' },
        ifSourceMatch: (await store.head(source)).etag,
      });
      assert.deepEqual({ ...(await store.head(source)).metadata }, { c: '3' });
    },
  },
  {
    name: 'lists in pages, in UTF-8 order, each key once',
    async run(store) {
      const folder = newKey();
      const keys = Array.from({ length: 25 }, (_, index) => `${folder}/${String(index).padStart(3, '0')}`);
      for (const key of keys) await store.put(key, Buffer.from(key));
      const found: string[] = [];
      for (let startAfter: string | undefined; ; ) {
        const page = await store.list({ prefix: `${folder}/`, pageSize: 10, startAfter });
        for (const entry of page.entries) {
          assert.equal(entry.length, entry.key.length);
          found.push(entry.key);
        }
        if (page.startAfter === undefined) break;
        startAfter = page.startAfter;
      }
      assert.deepEqual(found, keys);
      assert.deepEqual(await store.list({ prefix: `${folder}/none` }), {
        entries: [],
        startAfter: undefined,
      });
    },
  },
  {
    name: 'puts parts together by number, whatever their order, and tells the CRC-64 of all',
    async run(store) {
      const key = newKey();
      const bytes = randomBytes(2 * PART + 10);
      const uploadId = await store.createMultipartUpload(key, { metadata: { m: '1' } });
      const cuts = [bytes.subarray(0, PART), bytes.subarray(PART, 2 * PART), bytes.subarray(2 * PART)];
      const parts: StoredPart[] = [];
      for (const index of [2, 0, 1]) {
        const cut = cuts[index] ?? new Uint8Array();
        const part = await store.uploadPart(key, uploadId, index + 1, cut);
        assert.equal(part.crc64, await crc64Of(cut));
        parts.push(part);
      }
      assert.deepEqual(
        (await store.listParts(key, uploadId)).map(({ partNumber, length }) => [partNumber, length]),
        [
          [1, PART],
          [2, PART],
          [3, 10],
        ],
      );
      const done = await store.completeMultipartUpload(key, uploadId, parts);
      assert.equal(done.crc64, await crc64Of(bytes));
      const read = await store.get(key);
      assert.deepEqual(await collect(read.body), bytes);
      assert.equal(read.etag, done.etag);
      assert.deepEqual({ ...read.metadata }, { m: '1' });
      await assert.rejects(store.completeMultipartUpload(key, uploadId, parts), ObjectNotFoundError);
    },
  },
  {
    name: 'aborts uploads, once or more often, and deletes what is not there',
    async run(store) {
      const key = newKey();
      const uploadId = await store.createMultipartUpload(key);
      await store.uploadPart(key, uploadId, 1, randomBytes(10));
      await store.abortMultipartUpload(key, uploadId);
      await store.abortMultipartUpload(key, uploadId);
      await assert.rejects(store.listParts(key, uploadId), ObjectNotFoundError);
      await assert.rejects(store.head(key), ObjectNotFoundError);
      await store.delete(key);
    },
  },
  {
    name: 'stops when told to',
    async run(store) {
      const key = newKey();
      await store.put(key, randomBytes(1_000_000));
      const reason = new Error('enough');
      await assert.rejects(store.get(key, { signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const endless = async function* () {
        for (let sent = 0; ; sent++) {
          if (sent === 3) controller.abort(reason);
          yield randomBytes(100_000);
        }
      };
      await assert.rejects(store.put(key, { stream: endless() }, { signal: controller.signal }), reason);
      assert.equal((await store.head(key)).length, 1_000_000);
    },
  },
  {
    name: 'tells what was not found, with facts to find it in logs',
    async run(store) {
      const key = newKey();
      for (const attempt of [() => store.get(key), () => store.head(key)]) {
        await assert.rejects(attempt(), (error) => {
          assert.ok(error instanceof ObjectNotFoundError);
          assert.equal(error.request.bucket, store.bucket);
          assert.equal(error.request.key, key);
          assert.equal(error.request.statusCode, 404);
          assert.ok(error.request.requestId);
          return true;
        });
      }
    },
  },
];

/** Read a body to its end. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes in pieces, as they come from a network. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

function newKey(): string {
  return `conformance/${randomUUID()}`;
}
