import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createBucket, storeMakers, storeOptions } from '../test-support/cloud.ts';
import { objectStoreConformance } from '../testing/index.ts';
import type { ObjectStore } from './object-store.ts';

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'conformance');
});
afterAll(() => cloud.close());

describe.each(Object.entries(storeMakers))('%s', (_, makeStore) => {
  let store: ObjectStore;
  beforeAll(() => {
    store = makeStore(storeOptions(cloud, 'conformance'));
  });

  for (const { name, run } of objectStoreConformance) it(name, () => run(store));
});
