import type { LocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMavenProject } from '../java/maven.ts';
import { runProgram } from '../run-program.ts';
import { programEnvironment, startStoryCloud } from '../story-cloud.ts';

const project = buildMavenProject(import.meta.dirname);
const absent = 'absent' in project ? project.absent : undefined;
const title = 'the official Java clients of KMS';

describe.skipIf(absent !== undefined)(absent === undefined ? title : `${title} (skipped: ${absent})`, () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    cloud = await startStoryCloud();
  });
  afterAll(() => cloud?.close());

  it.each([
    // This client signs by itself what the error says should be signed, and so tells a wrong secret from a wrong request.
    { client: 'rpc', wrongSecret: 'SDK.InvalidAccessKeySecret' },
    { client: 'openapi', wrongSecret: 'SignatureDoesNotMatch' },
  ])(
    'wrap and unwrap with an AccessKey and under the role, which may do no more: $client',
    async ({ client, wrongSecret }) => {
      const { classPath } = project as { classPath: string };
      const { stdout } = await runProgram(
        'java',
        ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-cp', classPath, 'KmsOperations', client],
        { env: programEnvironment(cloud), timeoutMs: 120_000 },
      );
      expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toEqual({
        accessKey: true,
        encrypted: '秘密 secret',
        otherContext: 'InvalidParameter',
        token: true,
        otherKey: 'Forbidden.NoPermission',
        createKey: 'Forbidden.NoPermission',
        wrongSecret,
      });
    },
  );
});
