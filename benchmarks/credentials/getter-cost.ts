import OfficialCredential from '@alicloud/credentials';
import { type AlicloudCredential, accessKey, toAlicloudCredential } from '@yunseal/credentials';

const signings = 200_000;

/** What it costs to keep three getters together: both packages over a given AccessKey, which needs no requests. */
export async function getterCost() {
  const key = { accessKeyId: 'id', accessKeySecret: 'secret' };
  const official = OfficialCredential as unknown as { default: new (config: object) => AlicloudCredential };
  const contenders = {
    '@alicloud/credentials': new official.default({ type: 'access_key', ...key }),
    '@yunseal/credentials': toAlicloudCredential(accessKey(key)),
  };
  const perSecond: Record<string, number> = {};
  for (const round of ['warm-up', 'measured']) {
    for (const [name, credential] of Object.entries(contenders)) {
      const begin = performance.now();
      for (let signing = 0; signing < signings; signing += 1) {
        await credential.getAccessKeyId();
        await credential.getAccessKeySecret();
        await credential.getSecurityToken();
      }
      if (round === 'measured')
        perSecond[name] = Math.round(signings / ((performance.now() - begin) / 1_000));
    }
  }
  return perSecond;
}
