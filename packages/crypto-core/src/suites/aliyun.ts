import type { AlgorithmSuite, CipherName } from './suite.ts';

function suite<const Name extends string>(
  id: number,
  name: Name,
  cipher: CipherName,
  keyBits: 128 | 256,
  padding?: 'pkcs7' | 'none',
): AlgorithmSuite & { readonly name: Name; readonly format: 'aliyun' } {
  const authenticated = cipher.endsWith('-gcm');
  return Object.freeze({
    id,
    name,
    format: 'aliyun',
    cipher,
    dataKeyLength: keyBits / 8,
    ivLength: authenticated ? 12 : 16,
    tagLength: authenticated ? 16 : 0,
    authenticated,
    padding,
    commitmentLength: 0,
  });
}

/** The twelve algorithms of the aliyun format, by hex id. Only GCM authenticates the body. */
export const aliyunSuites = Object.freeze({
  '0x0001': suite(1, 'AES_GCM_NOPADDING_128', 'aes-128-gcm', 128),
  '0x0002': suite(2, 'AES_GCM_NOPADDING_256', 'aes-256-gcm', 256),
  '0x0003': suite(3, 'AES_CBC_NOPADDING_128', 'aes-128-cbc', 128, 'none'),
  '0x0004': suite(4, 'AES_CBC_NOPADDING_256', 'aes-256-cbc', 256, 'none'),
  '0x0005': suite(5, 'AES_CBC_PKCS5_128', 'aes-128-cbc', 128, 'pkcs7'),
  '0x0006': suite(6, 'AES_CBC_PKCS5_256', 'aes-256-cbc', 256, 'pkcs7'),
  '0x0007': suite(7, 'AES_CTR_NOPADDING_128', 'aes-128-ctr', 128),
  '0x0008': suite(8, 'AES_CTR_NOPADDING_256', 'aes-256-ctr', 256),
  '0x0009': suite(9, 'SM4_GCM_NOPADDING_128', 'sm4-gcm', 128),
  '0x000a': suite(10, 'SM4_CBC_NOPADDING_128', 'sm4-cbc', 128, 'none'),
  '0x000b': suite(11, 'SM4_CBC_PKCS5_128', 'sm4-cbc', 128, 'pkcs7'),
  '0x000c': suite(12, 'SM4_CTR_NOPADDING_128', 'sm4-ctr', 128),
});
