import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the README opens with code that runs', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const folder = mkdtempSync(join(tmpdir(), 'policy-builder-'));
  try {
    const script = join(folder, 'readme.mts');
    writeFileSync(
      script,
      code.replace("'@yunseal/policy-builder'", JSON.stringify(new URL('./index.ts', import.meta.url).href)),
    );
    const output = execFileSync(process.execPath, [script], { encoding: 'utf8' });
    expect(output).toContain('"Resource": "acs:kms:*:1000000000000001:key/my-key"');
    expect(output).toMatch(
      /denied: no statement allows kms:CreateKey on acs:kms:cn-hangzhou:1000000000000001:key$/m,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
