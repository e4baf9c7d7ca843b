import sortedBTree from 'sorted-btree';
import type { Collection, Store } from '../../store/store.ts';
import { compareUtf8 } from '../text.ts';
import type { BlobStore } from './blobs.ts';
import type { BucketRecord, ObjectRecord, PartRecord, UploadRecord } from './records.ts';

/** Buckets, objects and uploads under way. Every change is one transaction of the store, durable when it returns. */
export interface OssState {
  readonly blobs: BlobStore;
  readonly buckets: Collection<BucketRecord>;
  object(bucket: string, key: string): ObjectRecord | undefined;
  /** Objects whose key is `from` or after it, in the order of the keys' UTF-8 bytes. */
  objectsFrom(bucket: string, from: string): IterableIterator<ObjectRecord>;
  /** Puts an object in the place of the one that was there. `before` runs in the same transaction and may refuse. */
  putObject(object: ObjectRecord, before?: (previous: ObjectRecord | undefined) => void): void;
  deleteObject(bucket: string, key: string): boolean;
  upload(uploadId: string): UploadRecord | undefined;
  uploadsOf(bucket: string): UploadRecord[];
  startUpload(upload: UploadRecord): void;
  part(uploadId: string, partNumber: number): PartRecord | undefined;
  /** In the order of their numbers. */
  partsOf(uploadId: string): PartRecord[];
  putPart(part: PartRecord): void;
  /** Ends an upload: `object` takes over the segments of some parts; the others are discarded. */
  completeUpload(
    uploadId: string,
    object: ObjectRecord,
    before?: (previous: ObjectRecord | undefined) => void,
  ): void;
  abortUpload(uploadId: string): void;
}

// The package is CommonJS: its class is the `default` of what Node.js imports as the default, and bundlers unwrap that.
const BTree = (sortedBTree.default ?? sortedBTree) as typeof sortedBTree.default;

export function createOssState(store: Store, blobs: BlobStore): OssState {
  const buckets = store.collection<BucketRecord>('oss.buckets');
  const objects = store.collection<ObjectRecord>('oss.objects');
  const uploads = store.collection<UploadRecord>('oss.uploads');
  const parts = store.collection<PartRecord>('oss.parts');

  const sorted = derived(objects, () => new BTree<string, ObjectRecord>([...objects.entries()], compareUtf8));
  const partKeys = derived(parts, () => {
    const byUpload = new Map<string, Set<number>>();
    for (const { uploadId, partNumber } of parts.values()) numbersOf(byUpload, uploadId).add(partNumber);
    return byUpload;
  });

  const put = (object: ObjectRecord) => {
    const path = objectPath(object.bucket, object.key);
    sorted.change(
      () => objects.put(path, object),
      (tree) => void tree.set(path, object),
    );
  };
  const removeParts = (uploadId: string) => {
    for (const partNumber of partKeys.get().get(uploadId) ?? []) parts.delete(partPath(uploadId, partNumber));
  };

  const state: OssState = {
    blobs,
    buckets,
    object: (bucket, key) => objects.get(objectPath(bucket, key)),
    *objectsFrom(bucket, from) {
      for (const [, object] of sorted.get().entries(objectPath(bucket, from))) {
        if (object.bucket !== bucket) return;
        yield object;
      }
    },
    putObject(object, before) {
      const previous = state.object(object.bucket, object.key);
      store.transaction(() => {
        before?.(previous);
        put(object);
      });
      if (previous !== undefined) blobs.discard(without(previous.segments, object.segments));
    },
    deleteObject(bucket, key) {
      const path = objectPath(bucket, key);
      const previous = objects.get(path);
      if (previous === undefined) return false;
      sorted.change(
        () => objects.delete(path),
        (tree) => void tree.delete(path),
      );
      blobs.discard(previous.segments);
      return true;
    },
    upload: (uploadId) => uploads.get(uploadId),
    uploadsOf: (bucket) =>
      Array.from(uploads.values())
        .filter((upload) => upload.bucket === bucket)
        .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.uploadId, b.uploadId)),
    startUpload: (upload) => uploads.put(upload.uploadId, upload),
    part: (uploadId, partNumber) => parts.get(partPath(uploadId, partNumber)),
    partsOf: (uploadId) =>
      Array.from(partKeys.get().get(uploadId) ?? [])
        .sort((a, b) => a - b)
        .flatMap((partNumber) => state.part(uploadId, partNumber) ?? []),
    putPart(part) {
      const previous = state.part(part.uploadId, part.partNumber);
      partKeys.change(
        () => parts.put(partPath(part.uploadId, part.partNumber), part),
        (byUpload) => void numbersOf(byUpload, part.uploadId).add(part.partNumber),
      );
      if (previous !== undefined) blobs.discard(previous.segments);
    },
    completeUpload(uploadId, object, before) {
      const previous = state.object(object.bucket, object.key);
      const segments = state.partsOf(uploadId).flatMap((part) => part.segments);
      store.transaction(() => {
        before?.(previous);
        put(object);
        removeParts(uploadId);
        uploads.delete(uploadId);
      });
      blobs.discard(without([...segments, ...(previous?.segments ?? [])], object.segments));
    },
    abortUpload(uploadId) {
      const segments = state.partsOf(uploadId).flatMap((part) => part.segments);
      store.transaction(() => {
        removeParts(uploadId);
        uploads.delete(uploadId);
      });
      blobs.discard(segments);
    },
  };
  return state;
}

/** The files that records name. */
export function namedFiles(store: Store): Set<string> {
  const records = [
    ...store.collection<ObjectRecord>('oss.objects').values(),
    ...store.collection<PartRecord>('oss.parts').values(),
  ];
  return new Set(
    records.flatMap(({ segments }) =>
      segments.flatMap((segment) => ('file' in segment ? [segment.file] : [])),
    ),
  );
}

// Bucket names have no slash, so that no two objects share a path.
const objectPath = (bucket: string, key: string) => `${bucket}/${key}`;
const partPath = (uploadId: string, partNumber: number) => `${uploadId}/${partNumber}`;

/** The segments of `segments` whose file none of `kept` uses. */
function without<S extends ObjectRecord['segments'][number]>(
  segments: readonly S[],
  kept: readonly S[],
): S[] {
  const files = new Set(kept.flatMap((segment) => ('file' in segment ? [segment.file] : [])));
  return segments.filter((segment) => 'file' in segment && !files.has(segment.file));
}

function numbersOf(byUpload: Map<string, Set<number>>, uploadId: string): Set<number> {
  let numbers = byUpload.get(uploadId);
  if (numbers === undefined) {
    numbers = new Set();
    byUpload.set(uploadId, numbers);
  }
  return numbers;
}

/**
 * A view of a collection that follows changes made through it and is made anew after all others (a rollback, a
 * snapshot restored).
 */
function derived<V>(source: { readonly revision: number }, build: () => V) {
  let view: V | undefined;
  let revision = -1;
  const get = (): V => {
    if (view === undefined || revision !== source.revision) {
      view = build();
      revision = source.revision;
    }
    return view;
  };
  return {
    get,
    change(write: () => unknown, follow: (view: V) => void) {
      const current = get();
      write();
      follow(current);
      revision = source.revision;
    },
  };
}
