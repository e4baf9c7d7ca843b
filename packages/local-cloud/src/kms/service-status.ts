import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { isFor } from './key-lifecycle.ts';
import { type KeySpec, type KeyUsage, keySpecs } from './records.ts';

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

/** DescribeService (KMS 2016-01-20): which keys there can be. */
export function describeService(call: RpcCall): Answer {
  call.authorizedOtherwise();
  return {
    ProtectionLevels: { ProtectionLevel: [{ Type: 'SOFTWARE' }, { Type: 'HSM' }] },
    KeySpecs: {
      KeySpec: keySpecs.map((Name) => ({
        Name,
        SupportedProtectionLevels: { SupportedProtectionLevel: ['SOFTWARE', 'HSM'] },
        Usages: { Usage: usagesOf(Name) },
      })),
    },
  };
}

function usagesOf(spec: KeySpec): KeyUsage[] {
  return (['ENCRYPT/DECRYPT', 'SIGN/VERIFY'] as const).filter((usage) => isFor(spec, usage));
}
