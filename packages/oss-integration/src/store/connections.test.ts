import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startLocalCloud } from '@yunseal/local-cloud';
import { expect, test } from 'vitest';
import { createBucket, storeMakers, storeOptions } from '../test-support/cloud.ts';

const PART = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test.each(Object.entries(storeMakers))(
  '%s: requests share connections, which keep no body',
  async (_, makeStore) => {
    await using cloud = await startLocalCloud();
    await createBucket(cloud, 'connections');
    const store = makeStore(storeOptions(cloud, 'connections'));
    let opened = 0;
    const count = () => {
      opened += 1;
    };
    subscribe('net.client.socket', count);
    try {
      const before = process.memoryUsage().arrayBuffers;
      const uploadId = await store.createMultipartUpload('object');
      const parts = [];
      for (let number = 1; number <= 32; number += 1) {
        parts.push(await store.uploadPart('object', uploadId, number, new Uint8Array(PART)));
      }
      // What a connection keeps stays however often is collected; what is merely not yet swept goes.
      const kept = () => {
        collectGarbage();
        return process.memoryUsage().arrayBuffers - before;
      };
      await expect.poll(kept, { timeout: 10_000 }).toBeLessThan(8 * PART);
      await store.completeMultipartUpload('object', uploadId, parts);
      await store.head('object');
      await store.delete('object');
      expect(opened).toBeLessThanOrEqual(2);
    } finally {
      unsubscribe('net.client.socket', count);
    }
  },
);
