import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('runs as it stands', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], {
    cwd: import.meta.dirname,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  expect(stdout).toBe('PUT 204\nGET 200 kept in the cloud\nGET 404\n');
});
