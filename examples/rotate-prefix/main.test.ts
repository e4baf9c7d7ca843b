import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('runs as it stands', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], {
    cwd: import.meta.dirname,
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  expect(stdout).toContain('20 objects to rewrap, 0 to leave alone');
  expect(stdout).toContain('20 rewrapped, 0 failed');
  expect(stdout).toContain('key/second');
  expect(stdout).toContain('report 7');
});
