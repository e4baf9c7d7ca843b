import { startLocalCloud } from '@yunseal/local-cloud';

/** A cloud in a process of its own, which tells its parent where it is and what it has cost so far. */

const id = '1000000000000001';
const cloud = await startLocalCloud({
  seed: {
    accounts: [
      {
        id,
        users: [
          {
            name: 'admin',
            accessKeys: [{ id: 'LTAIadmin', secret: 'admin' }],
            policies: ['AdministratorAccess'],
          },
          {
            name: 'application',
            accessKeys: [{ id: 'LTAIapplication', secret: 'application' }],
            policies: [
              {
                Version: '1',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
                    Resource: `acs:kms:cn-hangzhou:${id}:key/key-1`,
                    Condition: { IpAddress: { 'acs:SourceIp': '127.0.0.0/8' } },
                  },
                ],
              },
            ],
          },
        ],
        keys: [{ id: 'key-1' }],
      },
    ],
  },
});

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    url: cloud.endpoints.kms,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
  });
});
process.send?.('ready');
