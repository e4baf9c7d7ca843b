import { existsSync } from 'node:fs';

/**
 * A folder (or file) of published vectors, which stand beside the repository and are not part of it. Undefined where
 * they are absent: tests that need them are then reported as skipped.
 */
export function sharedVectors(name: string): URL | undefined {
  const url = new URL(
    `../../../../../shared/vectors/${name}${name.endsWith('.json') ? '' : '/'}`,
    import.meta.url,
  );
  return existsSync(url) ? url : undefined;
}
