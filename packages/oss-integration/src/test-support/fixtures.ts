import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Keyring, rawAesKeyring } from '@yunseal/crypto-core';
import { expect } from 'vitest';

/** A keyring with a key of its own. */
export function newKeyring(name = 'test'): Keyring {
  return rawAesKeyring({ namespace: 'oss-tests', name, key: new Uint8Array(randomBytes(32)) });
}

/** A folder for one test, removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'oss-integration-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Equality of bytes, without walking millions of them one by one. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(Buffer.compare(actual, expected)).toBe(0);
}
