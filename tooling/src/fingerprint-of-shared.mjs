// Prints what tells one state of `../shared` from another, so that Nx runs the tests that read it again when it changes.
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../../shared');
const hash = createHash('sha256');
try {
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    const { size, mtimeMs } = statSync(join(folder, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
} catch {
  hash.update('absent');
}
console.log(hash.digest('hex'));
