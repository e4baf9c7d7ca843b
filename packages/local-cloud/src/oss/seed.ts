import type { Platform } from '../platform.ts';
import type { SeedBucket } from '../seed/seed.ts';

/** Makes a bucket of the seed; runs inside the seed's transaction. */
export function seedBucket(_platform: Platform, _accountId: string, _bucket: SeedBucket): void {}
