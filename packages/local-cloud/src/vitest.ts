import { test as base } from 'vitest';
import { type Account, type LocalCloud, type LocalCloudOptions, startLocalCloud } from './start.ts';

/** What a test is given. */
export interface LocalCloudFixtures {
  /** One cloud for all tests of a file. */
  readonly cloud: LocalCloud;
  /** An account of the test's own: what other tests make does not exist for it. */
  readonly account: Account;
}

/**
 * A `test` whose tests each have an account of their own in one local cloud.
 *
 * ```ts
 * const test = localCloudTest();
 * test('a key of mine', async ({ cloud, account }) => { … });
 * ```
 */
export function localCloudTest(options: LocalCloudOptions = {}) {
  return base.extend<{ account: Account; cloud: LocalCloud }>({
    cloud: [
      // Vitest reads the names of the fixtures that one needs from its first parameter.
      // biome-ignore lint/correctness/noEmptyPattern: as said
      async ({}, use: (cloud: LocalCloud) => Promise<void>) => {
        await using cloud = await startLocalCloud(options);
        await use(cloud);
      },
      { scope: 'file' },
    ],
    account: async ({ cloud }, use) => {
      await use(cloud.createAccount());
    },
  });
}
