import type { LocalCloud } from '../local-cloud.ts';

/** What a person, or a script, needs to know of a running cloud: endpoints, credentials, variables for the SDKs. */
export function describeCloud(cloud: LocalCloud, json: boolean): string {
  const { endpoints, adminEndpoint, administrator, region, instanceId, certificateAuthority } = cloud;
  const environment = environmentOf(cloud);
  if (json)
    return `${JSON.stringify({ region, endpoints, adminEndpoint, administrator, instanceId, environment, certificateAuthority })}\n`;
  const lines = [
    `Yunseal local cloud, ${region}, account ${administrator.accountId}`,
    '',
    ...Object.entries({ ...endpoints, admin: adminEndpoint ?? '' }).map(
      ([name, url]) => `  ${name.toUpperCase().padEnd(6)} ${url}`,
    ),
    '',
    `  instance behind IMDS: ${instanceId}`,
    '',
    '# For every SDK (TypeScript, Java, Python, Go), and the OSS SDKs, which read names of their own:',
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${value}`),
    '# Clients take their endpoint from code: host and port of the URLs above, protocol http.',
    ...(certificateAuthority === undefined
      ? []
      : [
          '',
          '# Trust this authority (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE):',
          certificateAuthority.trim(),
        ]),
    '',
    'Stop it with Ctrl+C.',
  ];
  return `${lines.join('\n')}\n`;
}

function environmentOf({ administrator, endpoints, region }: LocalCloud): Record<string, string> {
  const { accessKeyId, accessKeySecret } = administrator;
  return {
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    ALIBABA_CLOUD_REGION_ID: region,
    OSS_ACCESS_KEY_ID: accessKeyId,
    OSS_ACCESS_KEY_SECRET: accessKeySecret,
    OSS_ENDPOINT: endpoints.oss,
    OSS_REGION: region,
  };
}
