import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestOrigin } from '../authorization/authorize.ts';
import { applyFaults, type FaultErrors } from '../http/fault-effects.ts';
import type { ListenerOptions } from '../http/listener.ts';
import { ServiceError } from '../http/service-error.ts';
import type { Caller } from '../identities/caller.ts';
import type { Platform } from '../platform.ts';
import { type Address, parseAddress } from './address.ts';
import { authenticate, checkRegion } from './authenticate.ts';
import type { Answer, Trail } from './call.ts';
import { type Cut, cutOf, cutOff, cuts } from './cut.ts';
import { routeOf } from './operations/route.ts';
import { maxPutSize } from './receive.ts';
import { errorAnswer, malformed, respond } from './respond.ts';
import { readClaim } from './signature/authentication.ts';
import { createBlobStore } from './storage/blobs.ts';
import { createOssState, namedFiles, type OssState } from './storage/state.ts';

/**
 * What an OSS endpoint needs of a listener.
 *
 * @param region when given, the endpoint serves this region's buckets alone; else those of all
 */
export function ossListener(
  platform: Platform,
  region?: string,
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
        serve({ platform, state, region }, request, reply);
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

interface Endpoint {
  readonly platform: Platform;
  readonly state: OssState;
  readonly region: string | undefined;
}

/** A call in the making: what is known of it by the time it ends, well or not, goes into the audit log. */
interface Progress {
  readonly requestId: string;
  readonly origin: RequestOrigin;
  readonly trail: Trail;
  region: string;
  operation?: string;
  address?: Address;
  caller?: Caller;
}

async function serve(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { platform, state } = endpoint;
  const { raw } = request;
  const started = performance.now();
  const progress: Progress = {
    requestId: newRequestId(),
    origin: {
      sourceIp: (raw.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      secureTransport: 'encrypted' in raw.socket,
    },
    trail: { decisions: [] },
    region: endpoint.region ?? platform.region,
  };
  let cut: Cut | undefined;
  let failure: ServiceError | undefined;
  let outcome: Answer;
  try {
    const address = parseAddress(raw.url ?? '/', raw.headers.host);
    progress.address = address;
    const { name, operation } = routeOf(request.method, address, raw.headers);
    progress.operation = name;
    const bucket = address.bucket === undefined ? undefined : state.buckets.get(address.bucket);
    progress.region = endpoint.region ?? bucket?.region ?? platform.region;
    const struck = platform.faults.take({ service: 'oss', operation: name, region: progress.region });
    cut = cutOf(struck);
    const effect = await applyFaults(
      struck.filter(({ kind }) => !cuts(kind, cut)),
      request,
      reply,
      faultErrors,
    );
    if (effect === 'answered') return reply;
    const claim = readClaim({ method: request.method, address, headers: raw.headers }, platform.clock);
    if (claim !== undefined) progress.caller = authenticate(platform, claim);
    // A new bucket is in the region that the endpoint is for, or else the signature.
    if (bucket === undefined && endpoint.region === undefined)
      progress.region = claim?.region ?? platform.region;
    checkRegion(bucket, progress.region, claim);
    outcome = await operation({
      ...progress,
      operation: name,
      address,
      platform,
      state,
      request: raw,
      body: cut === undefined ? raw : cutOff(raw, cut),
      caller: progress.caller,
    });
  } catch (error) {
    failure = error instanceof ServiceError ? error : internalError(error);
    const hostId = (raw.headers.host ?? '').split('/')[0] ?? '';
    outcome = errorAnswer(failure, progress.requestId, hostId, request.method === 'HEAD');
  }
  audit(platform, progress, raw.headers['user-agent'], failure);
  const headers = {
    ...(reply.getHeaders() as Record<string, string>),
    server: 'AliyunOSS',
    'x-oss-request-id': progress.requestId,
    'x-oss-server-time': String(Math.max(1, Math.round(performance.now() - started))),
    ...outcome.headers,
  };
  reply.hijack();
  try {
    await respond(state, reply.raw, request.method, { ...outcome, headers }, cut);
  } catch (error) {
    // Too late for another answer.
    internalError(error);
    raw.socket.destroy();
  }
  return reply;
}

function audit(
  { audit: log, clock }: Platform,
  { operation = 'Unknown', address, caller, trail, ...rest }: Progress,
  userAgent: string | undefined,
  failure: ServiceError | undefined,
): void {
  log.record({
    time: clock.now(),
    service: 'Oss',
    apiVersion: '2019-05-17',
    operation,
    region: rest.region,
    requestId: rest.requestId,
    sourceIp: rest.origin.sourceIp,
    userAgent: userAgent ?? '',
    principal: caller?.principal,
    accessKeyId: caller?.accessKeyId,
    parameters: {
      ...(address?.bucket === undefined ? {} : { bucket: address.bucket }),
      ...(address?.key === undefined ? {} : { key: address.key }),
    },
    decisions: trail.decisions,
    explanation: trail.explanation,
    error: failure === undefined ? undefined : { code: failure.code, message: failure.message },
  });
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

/** A defect of ours: the client learns no more than that, and whoever runs the cloud gets the stack. */
function internalError(error: unknown): ServiceError {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'LocalCloudDefect' });
  return faultErrors.failed(500);
}

/** 24 hexadecimal digits, as OSS numbers its requests. */
function newRequestId(): string {
  return randomBytes(12).toString('hex').toUpperCase();
}
