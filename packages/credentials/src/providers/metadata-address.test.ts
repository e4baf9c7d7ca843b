import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inMetadataNamespace, namespacesWork } from '../test-support/metadata-namespace.ts';

test.skipIf(!namespacesWork())(
  'at the real address, with nothing configured and a proxy in the environment: three requests for 2,000 calls',
  async () => {
    const script = fileURLToPath(new URL('../test-support/read-from-metadata-address.ts', import.meta.url));
    const [command, ...args] = inMetadataNamespace;
    const proxy = 'http://127.0.0.1:9';
    const { stdout } = await promisify(execFile)(command, [...args, process.execPath, script], {
      env: { PATH: process.env.PATH, HTTP_PROXY: proxy, http_proxy: proxy, NODE_USE_ENV_PROXY: '1' },
    });
    expect(JSON.parse(stdout)).toEqual({
      requests: ['PUT token', 'GET role', 'GET credentials'],
      different: 1,
    });
  },
);
