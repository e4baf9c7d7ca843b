import { keyringConformance } from '@yunseal/crypto-core/testing';
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest';
import { systemClock } from '../resilience/clock.ts';
import { arns, type KmsCloud, kmsCloud } from '../test-support/kms-cloud.ts';
import { kmsKeyring } from './kms-keyring.ts';

let local: KmsCloud;
beforeAll(async () => {
  local = await kmsCloud();
});
afterAll(() => local[Symbol.asyncDispose]());

/** Over the local cloud and the official client; retries without pauses, so that faults cost no time. */
const options = () => ({
  credentials: local.administrator,
  endpoint: local.endpoint,
  clock: { ...systemClock, random: () => 0 },
  attemptTimeoutMs: 500,
});

const keyrings = {
  'one key': { keyId: arns.hangzhou },
  'keys in three regions': { keyId: arns.hangzhou, additionalKeyIds: [arns.beijing, arns.shanghai] },
  'two keys by re-encryption': {
    keyId: arns.hangzhou,
    additionalKeyIds: [arns.beijing],
    reEncrypt: true,
  },
};

describe.each(Object.entries(keyrings))('kmsKeyring with %s conforms', (_, keys) => {
  const cases = keyringConformance({
    createKeyring: () => kmsKeyring({ ...options(), ...keys }),
    createOtherKeyring: () => kmsKeyring({ ...options(), keyId: arns.hangzhouSecond }),
  });

  describe('on a good day', () => {
    beforeEach(() => local.cloud.reset());
    it.each(cases)('$name', ({ run }) => run());
  });

  describe('with a fifth of the requests failing', () => {
    beforeEach(() => {
      local.cloud.reset();
      for (const kind of ['throttle', 'html', 'reset', 'truncate'] as const) {
        local.cloud.faults.inject({ service: 'kms', kind, probability: 0.05 });
      }
    });
    it.each(cases)('$name', ({ run }) => run());
  });
});
