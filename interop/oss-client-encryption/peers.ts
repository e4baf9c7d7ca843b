import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildMavenProject } from '../java/maven.ts';
import { runProgram, whyMissing } from '../run-program.ts';

/** What wraps the content keys. */
export type Master = 'rsa' | 'kms';

/** An official SDK of another language. */
export interface Peer {
  readonly name: string;
  /** A short name, for keys of objects. */
  readonly folder: string;
  /** Why it cannot run here. */
  readonly absent: string | undefined;
  /** The master keys under which it opens what other SDKs write. */
  readonly readsMasters: readonly Master[];
  /** Whether it still writes content keys wrapped by RSA with OAEP. */
  readonly writesOlderWrap: boolean;
  /**
   * Install or build; gives the command that runs the program.
   *
   * @param authority file with the certificate, in PEM, of who vouches for KMS
   */
  prepare(folder: string, authority: string): Promise<readonly [command: string, ...args: string[]]>;
}

const here = import.meta.dirname;
const withoutPython = await whyMissing('python3', '-m', 'venv', '--help');
const java = buildMavenProject(join(here, 'java'));

async function preparePython(program: string): Promise<readonly [string, string]> {
  const python = join(here, '.venv', 'bin', 'python');
  if (!existsSync(python)) await runProgram('python3', ['-m', 'venv', join(here, '.venv')]);
  await runProgram(python, ['-m', 'pip', 'install', '-q', '-r', join(here, 'requirements.txt')]);
  return [python, join(here, program)];
}

export const peers: readonly Peer[] = [
  {
    name: 'alibabacloud_oss_v2 (Python)',
    folder: 'python-v2',
    absent: withoutPython,
    readsMasters: ['rsa', 'kms'],
    writesOlderWrap: false,
    prepare: () => preparePython('python_v2.py'),
  },
  {
    name: 'oss2 (Python)',
    folder: 'python-v1',
    absent: withoutPython,
    // It stores ciphertexts of KMS as text and opens no others: neither the other SDKs' nor these.
    readsMasters: ['rsa'],
    writesOlderWrap: true,
    prepare: () => preparePython('python_v1.py'),
  },
  {
    name: 'alibabacloud-oss-go-sdk-v2',
    folder: 'go',
    absent: await whyMissing('go', 'version'),
    readsMasters: ['rsa', 'kms'],
    writesOlderWrap: false,
    async prepare(folder) {
      const program = join(folder, 'program');
      await runProgram('go', ['build', '-o', program, '.'], { cwd: join(here, 'go'), timeoutMs: 540_000 });
      return [program];
    },
  },
  {
    name: 'aliyun-sdk-oss (Java)',
    folder: 'java',
    absent: 'absent' in java ? java.absent : undefined,
    readsMasters: ['rsa', 'kms'],
    writesOlderWrap: false,
    async prepare(folder, authority) {
      const { classPath } = java as { classPath: string };
      const trusted = join(folder, 'trusted');
      const password = 'not-a-secret';
      const storeOptions = ['-keystore', trusted, '-storepass', password, '-storetype', 'PKCS12'];
      await runProgram('keytool', [
        '-importcert',
        '-noprompt',
        '-alias',
        'kms',
        '-file',
        authority,
        ...storeOptions,
      ]);
      const trust = [
        `-Djavax.net.ssl.trustStore=${trusted}`,
        `-Djavax.net.ssl.trustStorePassword=${password}`,
      ];
      return ['java', ...trust, '-cp', classPath, 'EncryptedObjects'];
    },
  },
];
