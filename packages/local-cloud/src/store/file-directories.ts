import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders under the data directory, or under a temporary one that is made when first needed and removed at the end. */
export function fileDirectories(dataDir: string | undefined): {
  open(purpose: string): string;
  remove(): void;
} {
  let temporary: string | undefined;
  return {
    open(purpose) {
      temporary ??= dataDir === undefined ? mkdtempSync(join(tmpdir(), 'yunseal-local-cloud-')) : undefined;
      const directory = join(dataDir ?? (temporary as string), purpose);
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return directory;
    },
    remove() {
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}
