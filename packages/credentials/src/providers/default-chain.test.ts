import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OfficialCredential from '@alicloud/credentials';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AlicloudCredential } from '../adapters/alicloud-credential.ts';
import { type JsonService, startJsonService } from '../test-support/json-service.ts';
import { defaultChain } from './default-chain.ts';

let home: string;
let uri: JsonService;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'home-'));
  const Expiration = '2999-01-01T00:00:00Z';
  uri = await startJsonService({ AccessKeyId: 'uri', AccessKeySecret: 's', SecurityToken: 't', Expiration });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await uri.close();
  await rm(home, { recursive: true });
});

const switches = [false, true];
const cases = switches.flatMap((environment) =>
  switches.flatMap((cli) =>
    switches.flatMap((ini) => switches.map((byUri) => ({ environment, cli, ini, byUri }))),
  ),
);

test.each(cases)('answers as the official package does: %o', async ({ environment, cli, ini, byUri }) => {
  vi.stubEnv('HOME', home);
  vi.stubEnv('ALIBABA_CLOUD_ECS_METADATA_DISABLED', 'true');
  for (const name of [
    'ACCESS_KEY_ID',
    'ACCESS_KEY_SECRET',
    'SECURITY_TOKEN',
    'PROFILE',
    'ROLE_ARN',
    'CREDENTIALS_FILE',
  ]) {
    vi.stubEnv(`ALIBABA_CLOUD_${name}`, undefined);
  }
  if (environment) {
    vi.stubEnv('ALIBABA_CLOUD_ACCESS_KEY_ID', 'environment');
    vi.stubEnv('ALIBABA_CLOUD_ACCESS_KEY_SECRET', 's');
  }
  if (cli) {
    const profile = {
      name: 'mine',
      mode: 'StsToken',
      access_key_id: 'cli',
      access_key_secret: 's',
      sts_token: 't',
    };
    await mkdir(join(home, '.aliyun'));
    const config = JSON.stringify({ current: 'mine', profiles: [profile] });
    await writeFile(join(home, '.aliyun', 'config.json'), config, { mode: 0o600 });
  }
  if (ini) {
    await mkdir(join(home, '.alibabacloud'));
    const section = '[default]\ntype = access_key\naccess_key_id = ini\naccess_key_secret = s\n';
    await writeFile(join(home, '.alibabacloud', 'credentials'), section, { mode: 0o600 });
  }
  vi.stubEnv('ALIBABA_CLOUD_CREDENTIALS_URI', byUri ? uri.endpoint : undefined);

  // CommonJS: see official-clients.ts.
  const classOf = (OfficialCredential as { default?: unknown }).default ?? OfficialCredential;
  const official = new (classOf as new () => AlicloudCredential)();
  const provider = defaultChain();
  if (!environment && !cli && !ini && !byUri) {
    await expect(official.getCredential()).rejects.toThrow();
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'NoCredentials' });
    return;
  }
  const { accessKeyId, accessKeySecret, securityToken, providerName } = await official.getCredential();
  expect(await provider.getCredentials()).toMatchObject({
    accessKeyId,
    accessKeySecret,
    ...(securityToken ? { securityToken } : {}),
    // The official name stops at the file; the kind of profile follows here.
    providerName: expect.stringMatching(`^${providerName}`),
  });
});
