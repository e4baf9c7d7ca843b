import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('runs as it stands', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], {
    cwd: import.meta.dirname,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  expect(stdout).toContain('200 300000 bytes');
  expect(stdout).toContain('206 bytes 6-10/300000 "frame"');
  expect(stdout).toContain('416 bytes */300000');
  expect(stdout).toMatch(/^404$/m);
});
