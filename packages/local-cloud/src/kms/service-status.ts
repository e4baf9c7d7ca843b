import type { Answer, RpcCall } from '../http/rpc-service.ts';

/** DescribeRegions (KMS 2016-01-20), which takes no permission. */
export function describeRegions(call: RpcCall): Answer {
  call.authorizedOtherwise();
  return {
    Regions: {
      Region: [
        'cn-hangzhou',
        'cn-beijing',
        'cn-shanghai',
        'cn-shenzhen',
        'ap-southeast-1',
        'eu-central-1',
      ].map((RegionId) => ({ RegionId })),
    },
  };
}

/** DescribeAccountKmsStatus (KMS 2016-01-20). */
export function describeAccountKmsStatus(call: RpcCall): Answer {
  call.authorizedOtherwise();
  return { AccountStatus: 'Enabled' };
}
