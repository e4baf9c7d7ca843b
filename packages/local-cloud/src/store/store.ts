/**
 * The state of the cloud: named collections of immutable JSON records, held in memory. A snapshot is a shallow copy
 * of the maps, hence quick. A journal, when there is one, makes every transaction durable before it is answered.
 */

/** Records are replaced, never changed in place: snapshots and rollbacks share them. */
export interface Collection<T> {
  get(key: string): T | undefined;
  has(key: string): boolean;
  put(key: string, record: T): void;
  /** @returns whether there was a record */
  delete(key: string): boolean;
  keys(): IterableIterator<string>;
  values(): IterableIterator<T>;
  entries(): IterableIterator<[string, T]>;
  readonly size: number;
  /** Changes whenever the collection does, by whatever way: what was derived from it is then stale. */
  readonly revision: number;
}

export interface Snapshot {
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

export interface Store {
  /** The collection of this name, made on first use. The same name always gives the same collection. */
  collection<T>(name: string, options?: CollectionOptions): Collection<T>;
  /**
   * Runs `work`, and makes all it wrote durable at once when it returns, or undoes it all when it throws. `work` is
   * synchronous, so that no two transactions interleave; a transaction inside another is part of it.
   */
  transaction<R>(work: () => R): R;
  snapshot(): Snapshot;
  /** Puts the state back to what it was; without a snapshot, to nothing. */
  restore(snapshot?: Snapshot): void;
  /** How many snapshots have been taken: what was made since the last one is in none of them. */
  readonly snapshots: number;
  /** Changes with every write to any collection. */
  readonly revision: number;
  close(): void;
}

export interface CollectionOptions {
  /** The records hold secrets: they are encrypted where they are stored. */
  readonly sealed?: boolean | undefined;
}

/** Where transactions are made durable. Calls come strictly as begin, put/delete…, commit or rollback. */
export interface Journal {
  load(): Iterable<readonly [collection: string, key: string, record: unknown]>;
  begin(): void;
  put(collection: string, key: string, record: unknown, sealed: boolean): void;
  delete(collection: string, key: string): void;
  commit(): void;
  rollback(): void;
  close(): void;
}

interface Undo {
  readonly collection: MemoryCollection;
  readonly key: string;
  readonly previous: unknown;
}

interface MemoryCollection {
  readonly name: string;
  sealed: boolean;
  revision: number;
  records: Map<string, unknown>;
}

export function createStore(journal?: Journal): Store {
  const collections = new Map<string, MemoryCollection>();
  const handles = new Map<string, Collection<unknown>>();
  let revision = 0;
  let snapshots = 0;
  let undo: Undo[] | undefined;

  const memory = (name: string): MemoryCollection => {
    let found = collections.get(name);
    if (found === undefined) {
      found = { name, sealed: false, revision: 0, records: new Map() };
      collections.set(name, found);
    }
    return found;
  };

  for (const [name, key, record] of journal?.load() ?? []) memory(name).records.set(key, record);

  const touch = (collection: MemoryCollection) => {
    collection.revision = ++revision;
  };

  const transaction = <R>(work: () => R): R => {
    if (undo !== undefined) return work();
    const log: Undo[] = [];
    undo = log;
    try {
      const result = work();
      if (result instanceof Promise) throw new TypeError('a transaction is synchronous');
      if (log.length > 0) journal?.commit();
      return result;
    } catch (error) {
      for (const { collection, key, previous } of log.reverse()) {
        if (previous === undefined) collection.records.delete(key);
        else collection.records.set(key, previous);
        touch(collection);
      }
      if (log.length > 0) journal?.rollback();
      throw error;
    } finally {
      undo = undefined;
    }
  };

  const write = (collection: MemoryCollection, key: string, record: unknown): boolean => {
    const previous = collection.records.get(key);
    if (previous === undefined && record === undefined) return false;
    transaction(() => {
      if (undo?.length === 0) journal?.begin();
      undo?.push({ collection, key, previous });
      if (record === undefined) {
        collection.records.delete(key);
        journal?.delete(collection.name, key);
      } else {
        collection.records.set(key, record);
        journal?.put(collection.name, key, record, collection.sealed);
      }
      touch(collection);
    });
    return true;
  };

  const handle = (collection: MemoryCollection): Collection<unknown> => ({
    get: (key) => collection.records.get(key),
    has: (key) => collection.records.has(key),
    put: (key, record) => void write(collection, key, record),
    delete: (key) => write(collection, key, undefined),
    keys: () => collection.records.keys(),
    values: () => collection.records.values(),
    entries: () => collection.records.entries(),
    get size() {
      return collection.records.size;
    },
    get revision() {
      return collection.revision;
    },
  });

  return {
    collection<T>(name: string, options: CollectionOptions = {}): Collection<T> {
      let found = handles.get(name);
      if (found === undefined) {
        const collection = memory(name);
        collection.sealed = options.sealed === true;
        found = handle(collection);
        handles.set(name, found);
      }
      return found as Collection<T>;
    },
    transaction,
    snapshot() {
      snapshots++;
      return {
        collections: new Map(Array.from(collections, ([name, { records }]) => [name, new Map(records)])),
      };
    },
    get snapshots() {
      return snapshots;
    },
    restore(snapshot) {
      transaction(() => {
        for (const collection of collections.values()) {
          const kept = snapshot?.collections.get(collection.name);
          if (journal === undefined) {
            collection.records = new Map(kept);
            touch(collection);
            continue;
          }
          for (const key of [...collection.records.keys()])
            if (kept?.has(key) !== true) write(collection, key, undefined);
          for (const [key, record] of kept ?? [])
            if (collection.records.get(key) !== record) write(collection, key, record);
        }
      });
    },
    get revision() {
      return revision;
    },
    close: () => journal?.close(),
  };
}
