import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('runs as it stands', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], {
    cwd: import.meta.dirname,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  expect(stdout).toMatch(/\d+ files are encrypted/);
  expect(stdout).toContain('backup/main.ts');
});
