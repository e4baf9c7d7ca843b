import { InvalidConfigurationError } from '../errors.ts';
import { type EnvironmentVariables, isTrue } from '../providers/environment-variables.ts';

/** Which STS to ask. */
export interface StsOptions {
  /** A host name or a whole address, such as `https://sts.cn-hangzhou.aliyuncs.com`. Overrides `region` and `vpc`. */
  readonly endpoint?: string | undefined;
  /** Default `ALIBABA_CLOUD_STS_REGION`, else the central endpoint `sts.aliyuncs.com`. */
  readonly region?: string | undefined;
  /** Use the region's endpoint inside a VPC. Default `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED`. */
  readonly vpc?: boolean | undefined;
  /** For each request, milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Default `process.env`. */
  readonly env?: EnvironmentVariables | undefined;
}

/** The address of the STS that the options name. @throws InvalidConfigurationError */
export function stsEndpoint(options: StsOptions): URL {
  const { env = process.env } = options;
  const region = options.region || env.ALIBABA_CLOUD_STS_REGION || undefined;
  const vpc = options.vpc ?? isTrue(env.ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED);
  if (options.endpoint) {
    const address = /^https?:\/\//.test(options.endpoint) ? options.endpoint : `https://${options.endpoint}`;
    if (!URL.canParse(address)) {
      throw new InvalidConfigurationError(`${JSON.stringify(options.endpoint)} is no STS endpoint.`);
    }
    return new URL('/', address);
  }
  if (region === undefined) return new URL('https://sts.aliyuncs.com/');
  if (!/^[a-z0-9-]{1,64}$/.test(region)) {
    throw new InvalidConfigurationError(`${JSON.stringify(region)} is no region id such as cn-hangzhou.`);
  }
  return new URL(`https://sts${vpc ? '-vpc' : ''}.${region}.aliyuncs.com/`);
}
