import { randomBytes } from 'node:crypto';
import type { ObjectStore } from '@yunseal/oss-integration';
import { encrypted, encryptedWithCache } from './fixtures.ts';
import { type Comparison, compare } from './rounds.ts';

const CONCURRENCY = 16;

/** Put and get of many small objects, sixteen in flight: plain, with a data key each, and with cached materials. */
export async function small(
  store: ObjectStore,
  count: number,
  length: number,
  rounds: number,
): Promise<Comparison[]> {
  const bytes = randomBytes(length);
  const [own, cached] = [encrypted(store), encryptedWithCache(store)];
  const unbound = { boundTo: false } as const;
  const all = async (work: (index: number) => Promise<unknown>) => {
    let next = 0;
    const lane = async () => {
      while (next < count) await work(next++);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  };
  const plainGet = async (key: string) => {
    for await (const _ of (await store.get(key)).body);
  };
  return [
    await compare('put', count * length, rounds, {
      plain: () => all((index) => store.put(`plain/${index}`, bytes)),
      encrypted: () => all((index) => own.put(`own/${index}`, bytes)),
      'cached materials': () => all((index) => cached.put(`cached/${index}`, bytes, unbound)),
    }),
    await compare('get', count * length, rounds, {
      plain: () => all((index) => plainGet(`plain/${index}`)),
      encrypted: () => all(async (index) => (await own.get(`own/${index}`)).bytes()),
      'cached materials': () => all(async (index) => (await cached.get(`cached/${index}`, unbound)).bytes()),
    }),
  ];
}
