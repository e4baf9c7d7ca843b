import { test as base, expect } from 'vitest';
import { kmsCaller } from './test-support/official-clients.ts';
import { type LocalCloudFixtures, localCloudFixtures } from './vitest.ts';

const test = base.extend<LocalCloudFixtures>(localCloudFixtures());
const accounts = new Set<string>();

for (const run of ['one test', 'another'])
  test(`the fixtures give ${run} an account of its own`, async ({ cloud, account }) => {
    expect(accounts).not.toContain(account.accountId);
    accounts.add(account.accountId);
    const kms = kmsCaller(cloud, account);
    expect(await kms('ListKeys')).toMatchObject({ TotalCount: 0 });
    await kms('CreateKey');
    expect(await kms('ListKeys')).toMatchObject({ TotalCount: 1 });
  });
