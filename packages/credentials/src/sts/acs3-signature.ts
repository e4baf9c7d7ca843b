import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { Credentials } from '../credentials.ts';

/** A POST of form parameters to an Alibaba Cloud RPC service. */
export interface FormRequest {
  readonly host: string;
  readonly action: string;
  readonly version: string;
  readonly body: string;
  /** Service time, milliseconds since 1970: the service refuses what is more than 15 minutes off. */
  readonly nowMs: number;
}

/**
 * The headers that sign a request with ACS3-HMAC-SHA256. Everything secret-related stays in headers and body; the URL, which
 * ends up in logs, is bare.
 * @see https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
export function acs3Headers(
  request: FormRequest,
  credentials: Credentials | undefined,
): Record<string, string> {
  const { host, action, version, body, nowMs } = request;
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    host,
    'x-acs-action': action,
    'x-acs-content-sha256': createHash('sha256').update(body).digest('hex'),
    'x-acs-date': new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    'x-acs-signature-nonce': randomUUID(),
    'x-acs-version': version,
  };
  if (credentials === undefined) return headers;
  headers['x-acs-credentials-provider'] = credentials.providerName;
  if (credentials.securityToken !== undefined) {
    headers['x-acs-accesskey-id'] = credentials.accessKeyId;
    headers['x-acs-security-token'] = credentials.securityToken;
  }
  const signed = Object.keys(headers)
    .filter((name) => name.startsWith('x-acs-') || name === 'host' || name === 'content-type')
    .sort();
  const canonical = [
    'POST',
    '/',
    '',
    ...signed.map((name) => `${name}:${headers[name]}`),
    '',
    signed.join(';'),
    headers['x-acs-content-sha256'],
  ].join('\n');
  const text = `ACS3-HMAC-SHA256\n${createHash('sha256').update(canonical).digest('hex')}`;
  const signature = createHmac('sha256', credentials.accessKeySecret).update(text).digest('hex');
  headers.authorization = `ACS3-HMAC-SHA256 Credential=${credentials.accessKeyId},SignedHeaders=${signed.join(';')},Signature=${signature}`;
  return headers;
}
