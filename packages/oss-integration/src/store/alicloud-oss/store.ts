import type { ClientRequest, IncomingMessage } from 'node:http';
import { type Credentials, type CredentialsProvider, defaultChain } from '@yunseal/credentials';
import { StoreConnectionError, StoreCredentialsError, StoreError, StoreServiceError } from '../../errors.ts';
import { decodeAnswer } from '../answers.ts';
import { checkBucket, checkKey, type Endpoint, type EndpointOptions, resolveEndpoint } from '../endpoint.ts';
import { type Exchange, openExchange } from '../exchange.ts';
import { errorDocument, ignoreAbsence, storeError } from '../failure.ts';
import { parseCrc64, readHeaders, storedObject, toHeaderValue, writeHeaders } from '../object-headers.ts';
import type { ListEntry, ObjectStore, StoreBody, StoredPart, WriteResult } from '../object-store.ts';
import { encodeKey, percentEncode } from '../percent-encoding.ts';
import { responseBody } from '../response-body.ts';
import { CopyAnswer, InitiateAnswer, ListObjectsAnswer, ListPartsAnswer } from './answers.ts';
import { OssClient } from './oss-client.ts';
import { type ClientBody, clientBody } from './request-body.ts';
import { authorizationV4, signatureTime } from './signature.ts';

export interface AlicloudOssStoreOptions extends EndpointOptions {
  readonly bucket: string;
  /** Asked before every request, so that each one is signed with one whole, current set. By default `defaultChain()`. */
  readonly credentials?: CredentialsProvider | undefined;
  /**
   * Give up on a connection that is silent this long, in milliseconds: while connecting, sending or receiving.
   * By default 30,000.
   */
  readonly idleTimeoutMs?: number | undefined;
}

/** XML cannot hold every key: ask for keys in answers percent-encoded. */
const urlEncoding = { 'encoding-type': 'url' };

/** The client's own limits cut a long transfer, or forget to end: set as far off as a timer can be. Nor does it retry. */
const runtime = { autoretry: false, readTimeout: 2 ** 31 - 1, connectTimeout: 2 ** 31 - 1 };

interface Call {
  readonly action: string;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Names in lower case, values in Unicode. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: StoreBody;
  /** Whoever called reads the answer's body. */
  readonly readsBody?: boolean;
}

interface Answer<T> {
  readonly result: T;
  readonly response: IncomingMessage;
}

/**
 * OSS over the official `@alicloud/oss-client` (1.1.4). The client's HTTP stack, request building and XML are used
 * as they are. Around them, at this seam: credentials are read once per request and never mixed; requests are signed
 * with signature version 4, so every key that OSS allows works; any header can be sent; status, ETag and user metadata
 * of a read come from the same answer as its bytes; bodies stream without the client's own checksums; time limits
 * count silence, not the whole transfer; and errors keep nothing of URLs, headers or signatures.
 */
export function alicloudOssStore(options: AlicloudOssStoreOptions): ObjectStore {
  const { bucket, credentials = defaultChain() } = options;
  checkBucket(bucket);
  const endpoint = resolveEndpoint(options);
  const { idleTimeoutMs = 30_000 } = options;
  let cached: { readonly credentials: Credentials; readonly client: OssClient } | undefined;
  let clockOffset = 0;

  function clientFor(current: Credentials): OssClient {
    if (cached?.credentials !== current) {
      cached = { credentials: current, client: newClient(endpoint, current) };
    }
    return cached.client;
  }

  async function send<T>(
    call: Call,
    operation: (client: OssClient, body: ClientBody | undefined) => Promise<T>,
  ): Promise<Answer<T>> {
    const { action, key, signal } = call;
    if (key !== undefined) checkKey(key);
    signal?.throwIfAborted();
    const current = await credentials.getCredentials();
    signal?.throwIfAborted();
    const body = call.body === undefined ? undefined : clientBody(call.body);
    const prepare = (request: ClientRequest) => {
      for (const [name, value] of Object.entries(call.headers ?? {})) {
        request.setHeader(name, toHeaderValue(value));
      }
      const length = call.body?.length;
      if (length !== undefined) request.setHeader('content-length', length);
      sign(request, current);
    };
    const { exchange, result } = openExchange({ prepare, signal, idleTimeoutMs }, () =>
      operation(clientFor(current), body),
    );
    try {
      const value = await result;
      const { response } = exchange;
      if (response === undefined) {
        throw new StoreServiceError(
          'this runtime does not announce HTTP requests',
          { action, bucket },
          false,
        );
      }
      // To the client, 304 is no error.
      if ((response.statusCode ?? 0) >= 300) throw failureOf(call, exchange, undefined, current);
      return { result: value, response };
    } catch (error) {
      exchange.response?.resume();
      signal?.throwIfAborted();
      const sourceFailure = body?.sourceFailure();
      if (sourceFailure !== undefined) throw sourceFailure.error;
      const failure = error instanceof StoreError ? error : failureOf(call, exchange, error, current);
      if (failure instanceof StoreCredentialsError) credentials.reportRejected?.(current);
      throw failure;
    } finally {
      // An answer that came before the body was sent: stop sending it.
      if (exchange.request?.writableEnded === false) exchange.request.destroy();
      // The client leaves bodies that it has no use for unread, and a connection whose answer nobody reads is never used again.
      if (call.readsBody !== true) exchange.response?.resume();
    }
  }

  function sign(request: ClientRequest, current: Credentials): void {
    if (endpoint.addressing === 'path') request.setHeader('host', endpoint.host);
    request.setHeader('x-oss-date', signatureTime(Date.now() + clockOffset));
    request.setHeader('x-oss-content-sha256', 'UNSIGNED-PAYLOAD');
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.getHeaders())) headers[name] = String(value);
    const mark = request.path.indexOf('?');
    const path = mark === -1 ? request.path : request.path.slice(0, mark);
    const canonicalPath = endpoint.addressing === 'path' ? path : `/${bucket}${path}`;
    const query = mark === -1 ? '' : request.path.slice(mark + 1);
    const { method } = request;
    request.setHeader(
      'authorization',
      authorizationV4(
        { method, canonicalPath, query, headers },
        {
          accessKeyId: current.accessKeyId,
          accessKeySecret: current.accessKeySecret,
          region: endpoint.region,
        },
      ),
    );
  }

  function failureOf(
    call: Call,
    exchange: Exchange,
    error: unknown,
    { securityToken }: Credentials,
  ): StoreError {
    const temporary = securityToken !== undefined;
    const { response } = exchange;
    const { action, key } = call;
    const reported = (error ?? {}) as { code?: unknown; message?: unknown };
    if (exchange.silent) return storeError({ action, bucket, key, systemCode: 'ETIMEDOUT' });
    if (response === undefined) {
      const systemCode = typeof reported.code === 'string' ? reported.code : undefined;
      return storeError({ action, bucket, key, systemCode });
    }
    const statusCode = response.statusCode ?? 0;
    if (statusCode < 300) {
      const facts = { action, bucket, key, statusCode, requestId: header(response, 'x-oss-request-id') };
      return new StoreConnectionError('the answer was cut short or cannot be read', facts);
    }
    const fromHeader = errorDocument(response.headers['x-oss-err']);
    const serviceCode =
      fromHeader?.code ??
      (typeof reported.code === 'string' && /^[A-Za-z0-9.]+$/.test(reported.code)
        ? reported.code
        : undefined);
    const message = typeof reported.message === 'string' ? reported.message : undefined;
    const serviceMessage =
      fromHeader?.message ??
      (serviceCode !== undefined && message?.startsWith(`${serviceCode}: `) === true
        ? message.slice(serviceCode.length + 2)
        : undefined);
    if (serviceCode === 'RequestTimeTooSkewed') {
      const serverTime = Date.parse(header(response, 'date') ?? '');
      if (!Number.isNaN(serverTime)) clockOffset = serverTime - Date.now();
    }
    const requestId = header(response, 'x-oss-request-id');
    return storeError({ action, bucket, key, statusCode, serviceCode, serviceMessage, requestId, temporary });
  }

  const written = (response: IncomingMessage, etag = header(response, 'etag')): WriteResult => ({
    etag: etag ?? '',
    crc64: parseCrc64(header(response, 'x-oss-hash-crc64ecma')),
    versionId: header(response, 'x-oss-version-id'),
    requestId: header(response, 'x-oss-request-id'),
  });

  const target = (key: string) => ({ bucketName: bucket, objectName: encodeKey(key) });

  return {
    bucket,

    async put(key, body, options = {}) {
      const { signal } = options;
      const call = { action: 'oss:PutObject', key, body, signal, headers: writeHeaders(options) };
      const { response } = await send(call, (client, body) =>
        client.putObject(as({ ...target(key), body }), as(runtime)),
      );
      return written(response);
    },

    async get(key, options = {}) {
      const { signal } = options;
      const call = { action: 'oss:GetObject', key, signal, headers: readHeaders(options), readsBody: true };
      const { response } = await send(call, (client) => client.getObject(as(target(key)), as(runtime)));
      const facts = { action: call.action, bucket, statusCode: response.statusCode };
      try {
        const { range, ...object } = storedObject(key, response.headers, facts);
        const length = range === undefined ? 0 : range.last - range.first + 1;
        const requestId = object.headers['x-oss-request-id'];
        return { ...object, range, body: responseBody(response, length, { ...facts, key, requestId }) };
      } catch (error) {
        response.destroy();
        throw error;
      }
    },

    async head(key, options = {}) {
      const { signal } = options;
      const call = { action: 'oss:GetObject', key, signal, headers: readHeaders(options) };
      const { response } = await send(call, (client) => client.headObject(as(target(key)), as(runtime)));
      const facts = { action: call.action, bucket, statusCode: response.statusCode };
      const { range: _, ...object } = storedObject(key, response.headers, facts);
      return object;
    },

    async list({ prefix, startAfter, pageSize = 1000, signal } = {}) {
      const filter = {
        prefix: prefix === '' ? undefined : prefix,
        marker: startAfter === '' ? undefined : startAfter,
        'max-keys': pageSize,
        ...urlEncoding,
      };
      const call = { action: 'oss:ListObjects', signal };
      const { result } = await send(call, (client) =>
        client.getBucket(as({ bucketName: bucket, filter }), as(runtime)),
      );
      const facts = { action: call.action, bucket };
      const page = decodeAnswer(ListObjectsAnswer, result, facts).listBucketResult;
      const entries = page.contents.map((item): ListEntry => {
        const modified = Date.parse(item.lastModified);
        return {
          key: decodeURIComponent(item.key),
          length: item.size,
          etag: item.eTag,
          lastModified: Number.isNaN(modified) ? undefined : new Date(modified),
          storageClass: item.storageClass === '' ? undefined : item.storageClass,
        };
      });
      // The client drops NextMarker; without a delimiter it is the last key.
      return { entries, startAfter: page.isTruncated === 'true' ? entries.at(-1)?.key : undefined };
    },

    async delete(key, { signal } = {}) {
      const call = { action: 'oss:DeleteObject', key, signal };
      await send(call, (client) => client.deleteObject(as(target(key)), as(runtime))).catch(ignoreAbsence);
    },

    async copy(sourceKey, key, options = {}) {
      checkKey(sourceKey);
      if (options.sourceBucket !== undefined) checkBucket(options.sourceBucket);
      const { signal } = options;
      const headers: Record<string, string> = {
        ...(options.metadata === undefined ? {} : writeHeaders(options)),
        ...(options.ifAbsent === true ? { 'x-oss-forbid-overwrite': 'true' } : {}),
        'x-oss-copy-source': `/${options.sourceBucket ?? bucket}/${percentEncode(sourceKey)}`,
        'x-oss-metadata-directive': options.metadata === undefined ? 'COPY' : 'REPLACE',
      };
      if (options.ifSourceMatch !== undefined) {
        headers['x-oss-copy-source-if-match'] = options.ifSourceMatch;
      }
      const { result, response } = await send({ action: 'oss:PutObject', key, signal, headers }, (client) =>
        client.copyObject(
          as({ bucketName: bucket, destObjectName: encodeKey(key), header: { 'x-oss-copy-source': '' } }),
          as(runtime),
        ),
      );
      const facts = { action: 'oss:PutObject', bucket, key };
      return written(response, decodeAnswer(CopyAnswer, result, facts).copyObjectResult.eTag);
    },

    async createMultipartUpload(key, options = {}) {
      const { signal } = options;
      const call = { action: 'oss:PutObject', key, signal, headers: writeHeaders(options) };
      const { result } = await send(call, (client) =>
        client.initiateMultipartUpload(as({ ...target(key), filter: urlEncoding }), as(runtime)),
      );
      const facts = { action: call.action, bucket, key };
      return decodeAnswer(InitiateAnswer, result, facts).initiateMultipartUploadResult.uploadId;
    },

    async uploadPart(key, uploadId, partNumber, bytes, { signal } = {}) {
      const call = { action: 'oss:PutObject', key, signal, body: bytes };
      const { response } = await send(call, (client, body) =>
        client.uploadPart(as({ ...target(key), body, filter: { partNumber, uploadId } }), as(runtime)),
      );
      const { etag, crc64 } = written(response);
      return { partNumber, etag, crc64, length: bytes.length };
    },

    async listParts(key, uploadId, { signal } = {}) {
      const parts: StoredPart[] = [];
      for (let marker: string | undefined; ; ) {
        const filter = { ...urlEncoding, uploadId, 'part-number-marker': marker, 'max-parts': 1000 };
        const call = { action: 'oss:ListParts', key, signal };
        const { result } = await send(call, (client) =>
          client.listParts(as({ ...target(key), filter }), as(runtime)),
        );
        const facts = { action: call.action, bucket, key };
        const page = decodeAnswer(ListPartsAnswer, result, facts).listPartsResult;
        for (const { partNumber, eTag, size } of page.part) {
          parts.push({ partNumber, etag: eTag, length: size });
        }
        if (page.isTruncated !== 'true' || page.part.length === 0) return parts;
        marker = page.nextPartNumberMarker;
      }
    },

    async completeMultipartUpload(key, uploadId, parts, { ifAbsent, signal } = {}) {
      const Part = [...parts]
        .sort((a, b) => a.partNumber - b.partNumber)
        .map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }));
      const headers = {
        'content-type': 'application/xml',
        ...(ifAbsent === true ? { 'x-oss-forbid-overwrite': 'true' } : {}),
      };
      const { result, response } = await send({ action: 'oss:PutObject', key, signal, headers }, (client) =>
        client.completeMultipartUpload(
          as({
            ...target(key),
            filter: { uploadId, ...urlEncoding },
            body: { CompleteMultipartUpload: { Part } },
          }),
          as(runtime),
        ),
      );
      return written(response, result.completeMultipartUploadResult?.eTag ?? header(response, 'etag'));
    },

    async abortMultipartUpload(key, uploadId, { signal } = {}) {
      const call = { action: 'oss:AbortMultipartUpload', key, signal };
      await send(call, (client) =>
        client.abortMultipartUpload(as({ ...target(key), filter: { uploadId } }), as(runtime)),
      ).catch(ignoreAbsence);
    },
  };
}

/** The client's request classes are bags of fields; plain objects with the same fields do, and can hold more. */
function as<T>(value: object): T {
  return value as T;
}

function newClient(endpoint: Endpoint, credentials: Credentials): OssClient {
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  return new OssClient(
    as({
      type: securityToken === undefined ? 'access_key' : 'sts',
      accessKeyId,
      accessKeySecret,
      securityToken,
      endpoint: endpoint.host,
      regionId: endpoint.region,
      protocol: endpoint.protocol,
      hostModel: { path: 'ip', host: undefined, cname: 'cname' }[endpoint.addressing],
      signatureVersion: 'V2',
    }),
  );
}

function header(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}
