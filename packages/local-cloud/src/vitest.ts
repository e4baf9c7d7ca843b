import type { Account, LocalCloud, LocalCloudOptions } from './local-cloud.ts';
import { startLocalCloud } from './start.ts';

/** What a test is given. */
export interface LocalCloudFixtures {
  /** One cloud for all tests of a file. */
  readonly cloud: LocalCloud;
  /** An account of the test's own: what other tests make does not exist for it. */
  readonly account: Account;
}

/** A fixture as Vitest's `test.extend` takes it; said here in full, so that nothing of Vitest is needed. */
type Fixture<Context, T> = (context: Context, use: (value: T) => Promise<void>) => Promise<void>;

/**
 * Fixtures for Vitest (3.2 or newer) by which each test has an account of its own in one local cloud.
 *
 * ```ts
 * const test = base.extend<LocalCloudFixtures>(localCloudFixtures());
 * test('a key of mine', async ({ cloud, account }) => { … });
 * ```
 */
export function localCloudFixtures(options: LocalCloudOptions = {}): {
  cloud: [Fixture<object, LocalCloud>, { scope: 'file' }];
  account: Fixture<{ cloud: LocalCloud }, Account>;
} {
  return {
    cloud: [
      // Vitest reads the names of the fixtures that one needs from its first parameter.
      // biome-ignore lint/correctness/noEmptyPattern: as said
      async ({}, use) => {
        const cloud = await startLocalCloud(options);
        try {
          await use(cloud);
        } finally {
          await cloud.close();
        }
      },
      { scope: 'file' },
    ],
    account: async ({ cloud }, use) => {
      await use(cloud.createAccount());
    },
  };
}
