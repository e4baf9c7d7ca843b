import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteJournal } from './sqlite-journal.ts';
import { createStore, type Store } from './store.ts';

type Step =
  | {
      readonly kind: 'put' | 'delete';
      readonly collection: string;
      readonly key: string;
      readonly value: number;
    }
  | { readonly kind: 'fail' | 'snapshot' | 'restore' | 'reopen' };

const name = fc.constantFrom('plain', 'sealed');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      collection: name,
      key: fc.constantFrom('a', 'b', 'ü/x'),
      value: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      collection: name,
      key: fc.constantFrom('a', 'b', 'ü/x'),
      value: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Step>(
      { kind: 'fail' },
      { kind: 'snapshot' },
      { kind: 'restore' },
      { kind: 'reopen' },
    ),
  },
);

describe.each(['memory', 'sqlite'])('a store in %s', (where) => {
  let root: string;
  let runs = 0;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'yunseal-store-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('holds what a plain map would, through failures, snapshots and restarts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const directory = join(root, String(runs++));
        const open = (): Store => createStore(where === 'sqlite' ? openSqliteJournal(directory) : undefined);
        let store = open();
        const at = (collection: string) =>
          store.collection<number>(collection, { sealed: collection === 'sealed' });
        let model = new Map<string, number>();
        let kept: { snapshot: ReturnType<Store['snapshot']>; model: Map<string, number> } | undefined;
        const content = () =>
          new Map(
            ['plain', 'sealed'].flatMap((collection) =>
              Array.from(
                at(collection).entries(),
                ([key, value]) => [`${collection} ${key}`, value] as const,
              ),
            ),
          );
        for (const one of steps) {
          if (one.kind === 'put') {
            at(one.collection).put(one.key, one.value);
            model.set(`${one.collection} ${one.key}`, one.value);
          } else if (one.kind === 'delete') {
            expect(at(one.collection).delete(one.key)).toBe(model.delete(`${one.collection} ${one.key}`));
          } else if (one.kind === 'fail') {
            expect(() =>
              store.transaction(() => {
                at('plain').put('a', -1);
                at('sealed').delete('b');
                store.transaction(() => at('sealed').put('new', -1));
                throw new Error('half way');
              }),
            ).toThrow('half way');
          } else if (one.kind === 'snapshot') {
            at('plain');
            at('sealed');
            kept = { snapshot: store.snapshot(), model: new Map(model) };
          } else if (one.kind === 'restore' && kept !== undefined) {
            store.restore(kept.snapshot);
            model = new Map(kept.model);
          } else if (one.kind === 'reopen' && where === 'sqlite') {
            store.close();
            store = open();
          }
          expect(content()).toEqual(model);
        }
        store.close();
      }),
      { numRuns: where === 'sqlite' ? 40 : 200 },
    );
  });

  it('lists records in the order in which they were made, whatever their keys are, and after a restart', () => {
    const open = () => createStore(where === 'sqlite' ? openSqliteJournal(join(root, 'order')) : undefined);
    let store = open();
    for (const key of ['z', 'a', 'm', 'b']) store.collection<string>('plain').put(key, 'first');
    store.collection<string>('plain').put('a', 'second');
    store.collection<string>('plain').delete('m');
    if (where === 'sqlite') {
      store.close();
      store = open();
    }
    expect([...store.collection<string>('plain').keys()]).toEqual(['z', 'a', 'b']);
    store.close();
  });

  it('tells that a collection changed, whatever changed it', () => {
    const store = createStore(where === 'sqlite' ? openSqliteJournal(join(root, 'revisions')) : undefined);
    const records = store.collection<number>('plain');
    const seen = new Set([records.revision]);
    const changes = [
      () => records.put('a', 1),
      () => void records.delete('a'),
      () =>
        expect(() =>
          store.transaction(() => {
            records.put('b', 1);
            throw new Error('no');
          }),
        ).toThrow('no'),
      () => store.restore(),
    ];
    records.put('z', 1);
    for (const change of changes) {
      change();
      expect(seen).not.toContain(records.revision);
      seen.add(records.revision);
    }
    store.close();
  });

  it('refuses transactions that do not end', () => {
    const store = createStore();
    expect(() => store.transaction(async () => {})).toThrow('synchronous');
  });
});
