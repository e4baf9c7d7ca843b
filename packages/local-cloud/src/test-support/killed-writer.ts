import { writeSync } from 'node:fs';
import { openSqliteJournal } from '../store/sqlite-journal.ts';
import { createStore } from '../store/store.ts';

/**
 * Commits transactions of two records each, as fast as it can, until it is killed, and says the number of each once it
 * is committed. The records go around in a ring, so that the store does not grow with the number of kills.
 */
const [directory = '', slots = '1'] = process.argv.slice(2);
const store = createStore(openSqliteJournal(directory));
const a = store.collection<number>('a');
const b = store.collection<number>('b', { sealed: true });
for (let next = Math.max(-1, ...a.values()) + 1; ; next++) {
  store.transaction(() => {
    a.put(String(next % Number(slots)), next);
    b.put(String(next % Number(slots)), next);
  });
  writeSync(1, `${next}\n`);
}
