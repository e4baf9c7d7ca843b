import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { applyFaults, type FaultErrors } from '../http/fault-effects.ts';
import type { ListenerOptions } from '../http/listener.ts';
import { ServiceError } from '../http/service-error.ts';
import { type Caller, identifyCaller, type UnknownCaller } from '../identities/caller.ts';
import type { Platform } from '../platform.ts';
import { type Address, parseAddress } from './address.ts';
import type { Answer, Call } from './call.ts';
import { invalidArgument } from './errors.ts';
import { type Route, routeOf } from './operations/route.ts';
import { maxPutSize } from './receive.ts';
import { type Claim, readClaim } from './signature/authentication.ts';
import { createBlobStore } from './storage/blobs.ts';
import { createOssState, namedFiles, type OssState } from './storage/state.ts';
import { headerBytes } from './text.ts';
import { renderXml } from './xml.ts';

/**
 * What an OSS endpoint needs of a listener.
 *
 * @param region the endpoint's; buckets of others are not served there. The cloud's own when absent
 */
export function ossListener(
  platform: Platform,
  region: string = platform.region,
): Omit<ListenerOptions, 'name' | 'host' | 'port' | 'clock' | 'tls'> {
  return {
    bodyLimit: maxPutSize,
    headerLimit: 32 * 1024,
    // Objects of any size on connections of any speed: what is silent is cut off, not what is slow.
    requestTimeoutMs: 0,
    idleTimeoutMs: 120_000,
    malformed,
    routes(app: FastifyInstance) {
      const state = stateOf(platform);
      const handle = (request: FastifyRequest, reply: FastifyReply) =>
        serve(platform, state, region, request, reply);
      // Bodies are left on the connection for the operations to stream.
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, _payload, done) => done(null));
      app.all('*', handle);
      app.setNotFoundHandler(handle);
    },
  };
}

const states = new WeakMap<Platform, OssState>();

/** All endpoints of a cloud serve one state. */
function stateOf(platform: Platform): OssState {
  let state = states.get(platform);
  if (state === undefined) {
    const { store, durable } = platform;
    const blobs = createBlobStore({
      directory: () => platform.directoryFor('oss'),
      durable,
      snapshots: () => store.snapshots,
    });
    if (durable) blobs.sweep(namedFiles(store));
    state = createOssState(store, blobs);
    states.set(platform, state);
  }
  return state;
}

async function serve(
  platform: Platform,
  state: OssState,
  region: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const requestId = newRequestId();
  const { raw } = request;
  const started = performance.now();
  const host = raw.headers.host ?? '';
  let address: Address | undefined;
  let route: Route | undefined;
  let call: Call | undefined;
  let outcome: Answer;
  let truncate = false;
  let failure: ServiceError | undefined;
  try {
    address = parseAddress(raw.url ?? '/', host);
    route = routeOf(request.method, address, raw.headers);
    const struck = platform.faults.take({ service: 'oss', operation: route.name, region });
    const effect = struck.length === 0 ? 'none' : await applyFaults(struck, request, reply, faultErrors);
    if (effect === 'answered') return reply;
    truncate = effect === 'truncate';
    const claim = readClaim({ method: request.method, address, headers: raw.headers }, platform.clock);
    call = {
      platform,
      state,
      requestId,
      operation: route.name,
      region,
      address,
      request: raw,
      origin: {
        sourceIp: (raw.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
        secureTransport: 'encrypted' in raw.socket,
      },
      caller: claim === undefined ? undefined : authenticate(platform, claim),
      decisions: [],
    };
    checkRegion(call, claim);
    outcome = await route.operation(call);
  } catch (error) {
    failure = error instanceof ServiceError ? error : unexpected(error);
    outcome = errorAnswer(failure, requestId, host.split('/')[0] ?? '', request.method === 'HEAD');
  }
  platform.audit.record({
    time: platform.clock.now(),
    service: 'Oss',
    apiVersion: '2019-05-17',
    operation: route?.name ?? 'Unknown',
    region,
    requestId,
    sourceIp: call?.origin.sourceIp ?? (raw.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    userAgent: raw.headers['user-agent'] ?? '',
    principal: call?.caller?.principal,
    accessKeyId: call?.caller?.accessKeyId,
    parameters: {
      ...(address?.bucket === undefined ? {} : { bucket: address.bucket }),
      ...(address?.key === undefined ? {} : { key: address.key }),
    },
    decisions: call?.decisions ?? [],
    error: failure === undefined ? undefined : { code: failure.code, message: failure.message },
  });
  const headers = {
    ...(reply.getHeaders() as Record<string, string>),
    server: 'AliyunOSS',
    'x-oss-request-id': requestId,
    'x-oss-server-time': String(Math.max(1, Math.round(performance.now() - started))),
    ...outcome.headers,
  };
  reply.hijack();
  await send(state, reply.raw, request.method, { ...outcome, headers }, truncate);
  return reply;
}

/** @throws ServiceError `InvalidAccessKeyId`, `InvalidSecurityToken`, `SecurityTokenExpired`, `SignatureDoesNotMatch` */
function authenticate({ directory, clock }: Platform, claim: Claim): Caller {
  const caller = identifyCaller(directory, clock, claim.accessKeyId, claim.securityToken);
  if (typeof caller === 'string') throw unknownCaller(caller, claim.accessKeyId);
  claim.verify(caller.accessKeySecret);
  return caller;
}

function unknownCaller(reason: UnknownCaller, accessKeyId: string): ServiceError {
  const details = { OSSAccessKeyId: accessKeyId };
  switch (reason) {
    case 'access-key-not-found':
      return new ServiceError(
        403,
        'InvalidAccessKeyId',
        'The OSS Access Key Id you provided does not exist in our records.',
        details,
      );
    case 'access-key-inactive':
      return new ServiceError(
        403,
        'InvalidAccessKeyId',
        'The OSS Access Key Id you provided is disabled.',
        details,
      );
    case 'token-missing':
      return new ServiceError(
        403,
        'InvalidAccessKeyId',
        'The OSS Access Key Id you provided is temporary and needs its security token.',
        details,
      );
    case 'token-expired':
      return new ServiceError(
        403,
        'SecurityTokenExpired',
        'The security token you provided has expired.',
        details,
      );
    case 'token-mismatch':
    case 'token-malformed':
      return new ServiceError(
        403,
        'InvalidSecurityToken',
        'The security token you provided is invalid.',
        details,
      );
  }
}

/** A version 4 signature is for one region, and so is an endpoint. */
function checkRegion({ state, address, region }: Call, claim: Claim | undefined): void {
  const bucket = address.bucket === undefined ? undefined : state.buckets.get(address.bucket);
  if (bucket !== undefined && bucket.region !== region) {
    throw new ServiceError(
      403,
      'AccessDenied',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      { Bucket: bucket.name, Endpoint: `oss-${bucket.region}.aliyuncs.com` },
    );
  }
  if (claim?.region !== undefined && claim.region !== region) {
    throw invalidArgument(
      'Credential',
      claim.region,
      `Invalid signing region in Authorization header: expected ${region}.`,
    );
  }
}

const faultErrors: FaultErrors = {
  throttled: () => new ServiceError(503, 'SlowDown', 'Please reduce your request rate.'),
  failed: (status) =>
    status === 503
      ? new ServiceError(
          503,
          'ServiceUnavailable',
          'The service is temporarily unavailable. Please try again later.',
        )
      : new ServiceError(status, 'InternalError', 'We encountered an internal error. Please try again.'),
  expiredCredential: () =>
    new ServiceError(403, 'SecurityTokenExpired', 'The security token you provided has expired.'),
};

/** What no operation foresaw: the client learns no more than that. */
function unexpected(error: unknown): ServiceError {
  process.emitWarning(
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    'LocalOssWarning',
  );
  return new ServiceError(500, 'InternalError', 'We encountered an internal error. Please try again.');
}

/** @param bare for HEAD: the document goes into a header, in Base64, as there is no body for it */
function errorAnswer(error: ServiceError, requestId: string, hostId: string, bare: boolean): Answer {
  const { headers, elements } = splitDetails(error);
  const xml = renderXml('Error', {
    Code: error.code,
    Message: error.message,
    RequestId: requestId,
    HostId: hostId,
    ...elements,
  });
  return {
    status: error.status,
    headers: {
      ...headers,
      'content-type': 'application/xml',
      ...(bare ? { 'x-oss-err': Buffer.from(xml, 'utf8').toString('base64') } : {}),
    },
    ...(bare ? {} : { body: { kind: 'text', text: xml } as const }),
  };
}

/** Details of an error that are called as a header are one. */
function splitDetails({ details }: ServiceError) {
  const headers: Record<string, string> = {};
  const elements: Record<string, string> = {};
  for (const [name, value] of Object.entries(details)) {
    if (name.startsWith('x-oss-')) headers[name] = String(value);
    else elements[name] = value as string;
  }
  return { headers, elements };
}

async function send(
  state: OssState,
  response: ServerResponse,
  method: string,
  { status, headers, body }: Answer,
  truncate: boolean,
): Promise<void> {
  const written = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, headerBytes(value)]),
  );
  if (body?.kind !== 'object') {
    const text =
      body === undefined ? '' : body.kind === 'xml' ? renderXml(body.root, body.content) : body.text;
    const bytes = Buffer.from(text, 'utf8');
    const type = body === undefined ? {} : { 'content-type': 'application/xml' };
    const length = status === 204 || status === 304 ? {} : { 'content-length': String(bytes.length) };
    response.writeHead(status, { ...length, ...type, ...written });
    if (truncate && bytes.length > 0) {
      response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
    } else response.end(method === 'HEAD' ? undefined : bytes);
    return;
  }
  const { start, end } = body.range;
  response.writeHead(status, written);
  if (end < start) {
    response.end();
    return;
  }
  const cut = truncate ? start + ((end - start) >> 1) : end;
  const stream = state.blobs.read(body.object.segments, start, cut);
  try {
    await pipeline(stream, response, { end: !truncate });
  } catch {
    // The client left, or the bytes are gone: what was promised cannot be kept, and the broken connection says so.
    response.destroy();
  }
  if (truncate) response.destroy();
}

/** What cannot be read as HTTP, or is too much of it. */
function malformed(status: number, requestId: string): { contentType: string; body: string } {
  return {
    contentType: 'application/xml',
    body: renderXml('Error', {
      Code: status === 413 ? 'EntityTooLarge' : status >= 500 ? 'InternalError' : 'InvalidRequest',
      Message: 'The request cannot be read.',
      RequestId: requestId,
      HostId: '',
    }),
  };
}

/** 24 hexadecimal digits, as OSS numbers its requests. */
function newRequestId(): string {
  return randomBytes(12).toString('hex').toUpperCase();
}
