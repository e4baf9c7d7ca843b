import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { LocalCloudError } from '../errors.ts';
import { openFileKey } from './file-key.ts';
import type { Journal } from './store.ts';

/**
 * A journal in an SQLite database (`cloud.sqlite`) under `dataDir`. Write-ahead logging: once `commit` has
 * returned, the transaction survives the death of the process, `kill -9` included; of a transaction under way,
 * nothing remains. Records of sealed collections are encrypted under the file key beside the database.
 *
 * @throws LocalCloudError `DataDirectory` when the folder cannot be used, another process has it, or its key is
 * missing, and on a Node.js older than 22.13, which has no node:sqlite
 */
export function openSqliteJournal(dataDir: string): Journal {
  const { DatabaseSync: Database } = loadSqlite();
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new Database(join(dataDir, 'cloud.sqlite'));
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS records (
        made INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL, sealed INTEGER NOT NULL,
        record BLOB NOT NULL, UNIQUE (collection, key)
      );
      BEGIN IMMEDIATE; COMMIT;
    `);
    return sqliteJournal(database, dataDir);
  } catch (cause) {
    database?.close();
    if (cause instanceof LocalCloudError) throw cause;
    const locked = cause instanceof Error && /locked|busy/i.test(cause.message);
    throw new LocalCloudError(
      'DataDirectory',
      locked
        ? `the data directory ${dataDir} is in use by another process; stop that one or choose another directory`
        : `the data directory ${dataDir} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function sqliteJournal(database: DatabaseSync, dataDir: string): Journal {
  const { count } = database.prepare('SELECT count(*) AS count FROM records WHERE sealed = 1').get() as {
    count: number;
  };
  const fileKey = openFileKey(join(dataDir, 'cloud.key'), { create: count === 0 });
  const insert = database.prepare(
    `INSERT INTO records (collection, key, sealed, record) VALUES (?, ?, ?, ?)
     ON CONFLICT (collection, key) DO UPDATE SET sealed = excluded.sealed, record = excluded.record`,
  );
  const remove = database.prepare('DELETE FROM records WHERE collection = ? AND key = ?');
  return {
    // In the order in which they were made, as a map in memory has them.
    *load() {
      for (const row of database
        .prepare('SELECT collection, key, sealed, record FROM records ORDER BY made')
        .iterate()) {
        const { collection, key, sealed, record } = row as {
          collection: string;
          key: string;
          sealed: number;
          record: Uint8Array;
        };
        const bytes = sealed === 1 ? fileKey.open(record, `${collection}\n${key}`) : record;
        yield [collection, key, JSON.parse(Buffer.from(bytes).toString('utf8'))] as const;
      }
    },
    begin: () => database.exec('BEGIN IMMEDIATE'),
    put(collection, key, record, sealed) {
      const bytes = Buffer.from(JSON.stringify(record), 'utf8');
      insert.run(
        collection,
        key,
        sealed ? 1 : 0,
        sealed ? fileKey.seal(bytes, `${collection}\n${key}`) : bytes,
      );
    },
    delete: (collection, key) => void remove.run(collection, key),
    commit: () => database.exec('COMMIT'),
    rollback: () => {
      try {
        database.exec('ROLLBACK');
      } catch {
        // A commit that failed may have rolled back by itself; there is nothing left to undo then.
      }
    },
    close: () => database.close(),
  };
}

/** Node.js 22 announces node:sqlite as experimental on first use; only who asks for persistence loads it. */
function loadSqlite(): typeof import('node:sqlite') {
  try {
    return createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite');
  } catch (cause) {
    throw new LocalCloudError(
      'DataDirectory',
      `a data directory needs node:sqlite, which this Node.js ${process.versions.node} does not offer; use Node.js 22.13 or newer, or keep the state in memory (without a data directory)`,
      { cause },
    );
  }
}
