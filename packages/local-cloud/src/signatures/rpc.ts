import { createHmac } from 'node:crypto';
import { percentEncode } from './percent-encoding.ts';

/**
 * The string that signature version 1.0 of the RPC style signs: the method, the path, and the sorted parameters of
 * query and form together, without `Signature` (KMS documentation, "Signature").
 */
export function rpcStringToSign(method: string, parameters: ReadonlyMap<string, string>): string {
  const canonical = Array.from(parameters)
    .filter(([name]) => name !== 'Signature')
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return `${method}&%2F&${percentEncode(canonical)}`;
}

export type RpcSignatureMethod = 'HMAC-SHA1' | 'HMAC-SHA256';

/** The signature, in base64: an HMAC under the secret with an ampersand after it. */
export function rpcSignature(
  stringToSign: string,
  accessKeySecret: string,
  method: RpcSignatureMethod = 'HMAC-SHA1',
): string {
  return createHmac(method === 'HMAC-SHA1' ? 'sha1' : 'sha256', `${accessKeySecret}&`)
    .update(stringToSign, 'utf8')
    .digest('base64');
}
