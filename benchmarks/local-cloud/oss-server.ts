/**
 * The process that oss.ts measures: the local cloud with one bucket, and beside it the barest server that streams a
 * body to a file and back, as the yardstick. Prints both addresses as JSON; answers a line on stdin with what it has used.
 */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { startLocalCloud } from '@yunseal/local-cloud';

const cloud = await startLocalCloud({
  seed: {
    accounts: [
      {
        id: '1000000000000001',
        users: [
          { name: 'a', accessKeys: [{ id: 'key', secret: 'secret' }], policies: ['AdministratorAccess'] },
        ],
        buckets: [{ name: 'bench' }],
      },
    ],
  },
});

const folder = mkdtempSync(join(tmpdir(), 'oss-bench-'));
const file = join(folder, 'object');
const bare = createServer(async (request, response) => {
  if (request.method === 'PUT') {
    await pipeline(request, createWriteStream(file));
    response.end();
  } else await pipeline(createReadStream(file), response);
}).listen(0, '127.0.0.1', () => {
  const { port } = bare.address() as AddressInfo;
  console.log(JSON.stringify({ oss: cloud.endpoints.oss, bare: `http://127.0.0.1:${port}` }));
});

for await (const _line of createInterface({ input: process.stdin })) {
  const { user, system } = process.cpuUsage();
  console.log(
    JSON.stringify({
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      peakBytes: process.resourceUsage().maxRSS * 1024,
    }),
  );
}
bare.close();
rmSync(folder, { recursive: true });
await cloud.close();
