import { writeSync } from 'node:fs';
import { openSqliteJournal } from './sqlite-journal.ts';
import { createStore } from './store.ts';

/** Commits transactions of two records each, as fast as it can, until it is killed. */
const store = createStore(openSqliteJournal(process.argv[2] as string));
const a = store.collection<number>('a');
const b = store.collection<number>('b', { sealed: true });
for (let next = a.size; ; next++) {
  store.transaction(() => {
    a.put(String(next), next);
    b.put(String(next), next);
  });
  writeSync(1, `${next}\n`);
}
