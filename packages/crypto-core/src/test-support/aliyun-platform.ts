import { backend } from '#backend';
import { aliyunSuites } from '../suites/aliyun.ts';

/** Whether the platform under test encrypts and decrypts aliyun bodies piece by piece. WebCrypto does not. */
export const hasBodyStreams = backend.name === 'node';

export type AliyunSuite = (typeof aliyunSuites)[keyof typeof aliyunSuites];

/** Whether the platform under test has a suite's cipher. WebCrypto has no SM4, and no CBC without padding. */
export function hasCipher({ cipher, padding }: AliyunSuite): boolean {
  return backend.name === 'node' || (cipher.startsWith('aes') && padding !== 'none');
}

export const suitesHere: readonly AliyunSuite[] = Object.values(aliyunSuites).filter(hasCipher);
export const suitesMissing: readonly AliyunSuite[] = Object.values(aliyunSuites).filter(
  (suite) => !hasCipher(suite),
);
