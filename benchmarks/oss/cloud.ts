/** The local cloud in a process of its own, so that its work and memory are not counted. Prints its OSS endpoint. */
import { startLocalCloud } from '@yunseal/local-cloud';
import { accessKeys, bucket } from './fixtures.ts';

const cloud = await startLocalCloud({
  seed: {
    accounts: [
      {
        id: '1000000000000001',
        users: [{ name: 'bench', accessKeys: [accessKeys], policies: ['AdministratorAccess'] }],
        buckets: [{ name: bucket }],
      },
    ],
  },
});
console.log(cloud.endpoints.oss);
process.on('disconnect', () => process.exit());
