/// <reference path="./ali-oss.d.ts" />
import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { type Credentials, type CredentialsProvider, defaultChain } from '@yunseal/credentials';
import { InvalidArgumentError } from '@yunseal/crypto-core';
import type OSS from 'ali-oss';
import { XMLBuilder } from 'fast-xml-parser';
import * as t from 'io-ts';
import { StoreCredentialsError, StoreError, StoreServiceError } from '../../errors.ts';
import { decodeAnswer } from '../answers.ts';
import { checkBucket, checkKey, type Endpoint, type EndpointOptions, resolveEndpoint } from '../endpoint.ts';
import { type Exchange, openExchange } from '../exchange.ts';
import { errorDocument, ignoreAbsence, storeError } from '../failure.ts';
import { parseCrc64, readHeaders, storedObject, writeHeaders } from '../object-headers.ts';
import type { ListEntry, ObjectStore, StoredPart, WriteResult } from '../object-store.ts';
import { type ObservedSource, observeSource } from '../observed-source.ts';
import { encodeKey } from '../percent-encoding.ts';
import { responseBody } from '../response-body.ts';

export interface AliOssStoreOptions extends EndpointOptions {
  readonly bucket: string;
  /**
   * Asked before every request; `ali-oss`'s own refresh of STS tokens, which races, is not used. By default
   * `defaultChain()`.
   */
  readonly credentials?: CredentialsProvider | undefined;
  /**
   * Give up on a connection that is silent this long, in milliseconds: while connecting, sending or receiving.
   * By default 30,000.
   */
  readonly idleTimeoutMs?: number | undefined;
}

type Client = OSS;

/** XML cannot hold every key: ask for keys in answers percent-encoded. */
const urlEncoding = { 'encoding-type': 'url' };

/** The client's wait for an answer counts the time the body takes: set as far off as its timers allow. */
const NO_TOTAL_TIMEOUT = 2 ** 31 - 1000;

const oneOrMany = <C extends t.Mixed>(item: C) => t.union([t.array(item), item]);
const many = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const ListAnswer = t.type({
  isTruncated: t.boolean,
  objects: t.array(
    t.intersection([
      t.type({ name: t.string, etag: t.string, size: t.number }),
      t.partial({ lastModified: t.string, storageClass: t.string }),
    ]),
  ),
});
const ListPartsAnswer = t.type({
  isTruncated: t.string,
  nextPartNumberMarker: t.union([t.string, t.undefined]),
  parts: oneOrMany(t.type({ PartNumber: t.string, ETag: t.string, Size: t.string })),
});
const InitiateAnswer = t.type({ UploadId: t.string });
const CompleteAnswer = t.type({ ETag: t.string });
const CopyAnswer = t.type({ etag: t.string });

/**
 * OSS over `ali-oss` (6.x), an optional peer dependency, loaded on first use. Signature version 4; one immutable
 * client for each set of credentials, so that no request is signed with half of one set and half of another.
 */
export function aliOssStore(options: AliOssStoreOptions): ObjectStore {
  const { bucket, credentials = defaultChain(), idleTimeoutMs = 30_000 } = options;
  checkBucket(bucket);
  const endpoint = resolveEndpoint(options);
  let cached: { readonly credentials: Credentials; readonly client: Promise<Client> } | undefined;

  let clockOffset = 0;

  function clientFor(current: Credentials): Promise<Client> {
    if (cached?.credentials !== current) {
      cached = { credentials: current, client: newClient(endpoint, bucket, current, clockOffset) };
    }
    return cached.client;
  }

  async function send<T>(
    call: {
      readonly action: string;
      readonly key?: string | undefined;
      readonly signal?: AbortSignal | undefined;
    },
    operation: (client: Client) => Promise<T>,
    source?: ObservedSource,
  ): Promise<{ readonly result: T; readonly exchange: Exchange }> {
    const { action, key, signal } = call;
    if (key !== undefined) checkKey(key);
    signal?.throwIfAborted();
    const current = await credentials.getCredentials();
    const client = await clientFor(current);
    signal?.throwIfAborted();
    const { exchange, result } = openExchange({ prepare: keepDots(key), signal, idleTimeoutMs }, () =>
      operation(client),
    );
    try {
      const value = await result;
      if (exchange.response?.statusCode === 304) {
        throw storeError({ action, bucket, key, statusCode: 304 });
      }
      return { result: value, exchange };
    } catch (error) {
      signal?.throwIfAborted();
      const sourceFailure = source?.failure();
      if (sourceFailure !== undefined) throw sourceFailure.error;
      const failure = error instanceof StoreError ? error : failureOf(call, exchange, error, current);
      if (failure instanceof StoreCredentialsError) credentials.reportRejected?.(current);
      throw failure;
    } finally {
      if (exchange.request?.writableEnded === false) exchange.request.destroy();
    }
  }

  /** The client's URL parser resolves `.` and `..` in keys after it has signed them as they are. */
  function keepDots(key: string | undefined): ((request: ClientRequest) => void) | undefined {
    if (key === undefined || !/(^|\/)\.{1,2}(\/|$)/.test(key)) return undefined;
    const folder = addressesByPath(endpoint) ? `/${bucket}/` : '/';
    return (request) => {
      const query = request.path.indexOf('?');
      request.path = folder + encodeKey(key) + (query === -1 ? '' : request.path.slice(query));
    };
  }

  function failureOf(
    { action, key }: { action: string; key?: string | undefined },
    exchange: Exchange,
    error: unknown,
    { securityToken }: Credentials,
  ): StoreError {
    const temporary = securityToken !== undefined;
    if (exchange.silent) return storeError({ action, bucket, key, systemCode: 'ETIMEDOUT' });
    const reported = error as { code?: unknown; message?: unknown; requestId?: unknown };
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
    const statusCode = exchange.response?.statusCode;
    if (statusCode === undefined) {
      return storeError({ action, bucket, key, systemCode: text(reported.code) });
    }
    const requestId = text(exchange.response?.headers['x-oss-request-id']);
    if (statusCode < 300) {
      return new StoreServiceError(
        'the answer was cut short or cannot be read',
        { action, bucket, key, statusCode, requestId },
        true,
      );
    }
    const document = errorDocument(exchange.response?.headers['x-oss-err']);
    const serviceCode = document?.code ?? text(reported.code);
    const serviceMessage = document?.message ?? (serviceCode && text(reported.message));
    if (serviceCode === 'RequestTimeTooSkewed') {
      const serverTime = Date.parse(exchange.response?.headers.date ?? '');
      if (!Number.isNaN(serverTime)) {
        clockOffset = serverTime - Date.now();
        cached = undefined;
      }
    }
    return storeError({ action, bucket, key, statusCode, serviceCode, serviceMessage, requestId, temporary });
  }

  return {
    bucket,

    async put(key, body, options = {}) {
      const { 'content-type': mime, ...headers } = writeHeaders(options);
      const call = { action: 'oss:PutObject', key, signal: options.signal };
      if (body instanceof Uint8Array) {
        const { result } = await send(call, (client) => client.put(key, bufferOf(body), { headers, mime }));
        return written(result.res.headers);
      }
      const source = observeSource(body.stream, body.length);
      const { result } = await send(
        call,
        (client) =>
          client.putStream(key, Readable.from(source.stream, { objectMode: false }), {
            headers,
            mime,
            contentLength: body.length,
          }),
        source,
      );
      return written(result.res.headers);
    },

    async get(key, options = {}) {
      const call = { action: 'oss:GetObject', key, signal: options.signal };
      const headers = readHeaders(options);
      const { result } = await send(call, (client) => client.getStream(key, { headers })).catch(
        async (error) => {
          // The client throws the error document of a streamed answer away; HEAD has it in a header.
          const unexplained = error instanceof StoreError && error.request.serviceCode === undefined;
          if (unexplained && error.request.statusCode !== undefined) {
            await send(call, (client) => client.head(key, { headers }));
          }
          throw error;
        },
      );
      const facts = { action: call.action, bucket, statusCode: result.res.status };
      try {
        const { range, ...object } = storedObject(key, result.res.headers, facts);
        const length = range === undefined ? 0 : range.last - range.first + 1;
        const requestId = object.headers['x-oss-request-id'];
        return { ...object, range, body: responseBody(result.stream, length, { ...facts, key, requestId }) };
      } catch (error) {
        result.stream.destroy();
        throw error;
      }
    },

    async head(key, options = {}) {
      const call = { action: 'oss:GetObject', key, signal: options.signal };
      const { result } = await send(call, (client) => client.head(key, { headers: readHeaders(options) }));
      const facts = { action: call.action, bucket, statusCode: result.res.status };
      const { range: _, ...object } = storedObject(key, result.res.headers, facts);
      return object;
    },

    async list({ prefix, startAfter, pageSize = 1000, signal } = {}) {
      const query = {
        ...(prefix === undefined || prefix === '' ? {} : { prefix }),
        ...(startAfter === undefined || startAfter === '' ? {} : { marker: startAfter }),
        'max-keys': pageSize,
        ...urlEncoding,
      };
      const call = { action: 'oss:ListObjects', signal };
      const { result } = await send(call, (client) => client.list(query));
      const page = decodeAnswer(ListAnswer, result, { action: call.action, bucket });
      const entries = page.objects.map((item): ListEntry => {
        const modified = Date.parse(item.lastModified ?? '');
        return {
          key: decodeURIComponent(item.name),
          length: item.size,
          etag: item.etag,
          lastModified: Number.isNaN(modified) ? undefined : new Date(modified),
          storageClass: item.storageClass,
        };
      });
      return { entries, startAfter: page.isTruncated ? entries.at(-1)?.key : undefined };
    },

    async delete(key, { signal } = {}) {
      const call = { action: 'oss:DeleteObject', key, signal };
      await send(call, (client) => client.delete(key)).catch(ignoreAbsence);
    },

    async copy(sourceKey, key, options = {}) {
      checkKey(sourceKey);
      if (options.sourceBucket !== undefined) checkBucket(options.sourceBucket);
      const { metadata, ifAbsent, ifSourceMatch, signal } = options;
      const headers: Record<string, string> = {
        ...(metadata === undefined ? {} : writeHeaders({ ...options, metadata: undefined })),
        ...(ifAbsent === true ? { 'x-oss-forbid-overwrite': 'true' } : {}),
        // The client repeats every header as x-oss-copy-source-<name>.
        ...(ifSourceMatch === undefined ? {} : { 'if-match': ifSourceMatch }),
      };
      const call = { action: 'oss:PutObject', key, signal };
      const { result } = await send(call, (client) =>
        client.copy(key, sourceKey, options.sourceBucket ?? bucket, {
          headers,
          ...(metadata === undefined ? {} : { meta: metadata }),
        }),
      );
      const facts = { action: call.action, bucket, key };
      return written(result.res.headers, decodeAnswer(CopyAnswer, result.data, facts).etag);
    },

    async createMultipartUpload(key, options = {}) {
      const { 'content-type': mime, ...headers } = writeHeaders(options);
      const call = { action: 'oss:PutObject', key, signal: options.signal };
      // initMultipartUpload would take the key back as it is, which XML cannot always hold.
      const { result } = await send(call, (client) =>
        client.request({
          method: 'POST',
          bucket,
          object: key,
          subres: { uploads: '', ...urlEncoding },
          headers,
          mime,
          xmlResponse: true,
          successStatuses: [200],
        }),
      );
      return decodeAnswer(InitiateAnswer, result.data, { action: call.action, bucket, key }).UploadId;
    },

    async uploadPart(key, uploadId, partNumber, bytes, { signal } = {}) {
      const call = { action: 'oss:PutObject', key, signal };
      const { result } = await send(call, (client) =>
        client.uploadPart(key, uploadId, partNumber, bufferOf(bytes), 0, bytes.length, { disabledMD5: true }),
      );
      const { etag, crc64 } = written(result.res.headers);
      return { partNumber, etag, crc64, length: bytes.length };
    },

    async listParts(key, uploadId, { signal } = {}) {
      const parts: StoredPart[] = [];
      for (let marker: string | undefined; ; ) {
        const query = {
          ...urlEncoding,
          'max-parts': 1000,
          ...(marker === undefined ? {} : { 'part-number-marker': marker }),
        };
        const call = { action: 'oss:ListParts', key, signal };
        const { result } = await send(call, (client) => client.listParts(key, uploadId, query));
        const page = decodeAnswer(ListPartsAnswer, result, { action: call.action, bucket, key });
        const found = many(page.parts);
        for (const { PartNumber, ETag, Size } of found) {
          parts.push({ partNumber: Number(PartNumber), etag: ETag, length: Number(Size) });
        }
        if (page.isTruncated !== 'true' || found.length === 0) return parts;
        marker = page.nextPartNumberMarker;
      }
    },

    async completeMultipartUpload(key, uploadId, parts, { ifAbsent, signal } = {}) {
      const call = { action: 'oss:PutObject', key, signal };
      const { result } = await send(call, (client) =>
        client.request({
          method: 'POST',
          bucket,
          object: key,
          subres: { uploadId, ...urlEncoding },
          headers: ifAbsent === true ? { 'x-oss-forbid-overwrite': 'true' } : {},
          mime: 'xml',
          content: completion(parts),
          xmlResponse: true,
          successStatuses: [200],
        }),
      );
      const { ETag } = decodeAnswer(CompleteAnswer, result.data, { action: call.action, bucket, key });
      return written(result.res.headers, ETag);
    },

    async abortMultipartUpload(key, uploadId, { signal } = {}) {
      const call = { action: 'oss:AbortMultipartUpload', key, signal };
      await send(call, (client) => client.abortMultipartUpload(key, uploadId)).catch(ignoreAbsence);
    },
  };
}

/** Of an IP address the client makes a Host header with the bucket in it; of localhost it cannot. */
function addressesByPath({ addressing, host }: Endpoint): boolean {
  return addressing === 'path' && host.startsWith('localhost');
}

async function newClient(
  endpoint: Endpoint,
  bucket: string,
  credentials: Credentials,
  clockOffset: number,
): Promise<Client> {
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  const { default: OssClient } = await import('ali-oss').catch(() => {
    throw new InvalidArgumentError('aliOssStore needs the package ali-oss 6.x: install it beside this one');
  });
  return new OssClient({
    accessKeyId,
    accessKeySecret,
    // A token without a refresh function makes the client print advice; this one changes nothing.
    ...(securityToken === undefined ? {} : { stsToken: securityToken, refreshSTSTokenInterval: Infinity }),
    bucket,
    region: `oss-${endpoint.region}`,
    endpoint: `${endpoint.protocol}://${endpoint.host}`,
    secure: endpoint.protocol === 'https',
    cname: endpoint.addressing === 'cname',
    sldEnable: addressesByPath(endpoint),
    authorizationV4: true,
    headerEncoding: 'latin1',
    timeout: NO_TOTAL_TIMEOUT,
    amendTimeSkewed: clockOffset,
  });
}

function written(
  headers: IncomingHttpHeaders | Record<string, string | string[] | undefined>,
  etag?: string,
): WriteResult {
  const one = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    etag: etag ?? one('etag') ?? '',
    crc64: parseCrc64(one('x-oss-hash-crc64ecma')),
    versionId: one('x-oss-version-id'),
    requestId: one('x-oss-request-id'),
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The body of CompleteMultipartUpload. */
function completion(parts: readonly StoredPart[]): string {
  const Part = [...parts]
    .sort((a, b) => a.partNumber - b.partNumber)
    .map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }));
  return new XMLBuilder().build({ CompleteMultipartUpload: { Part } });
}
