import imported from '@alicloud/oss-client';

/**
 * The class of `@alicloud/oss-client`. The package is CommonJS with a `default` export: to Node.js the class is a field
 * of the default import; bundlers and test runners may unwrap it.
 */
export const OssClient = pick(imported);
export type OssClient = InstanceType<typeof OssClient>;

function pick(module: typeof imported): typeof imported.default {
  const unwrapped: unknown = module;
  return typeof unwrapped === 'function' ? (unwrapped as typeof imported.default) : module.default;
}
