import type { PolicyInput } from '@yunseal/policy-builder';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuditEntry, AuditedDecision } from '../audit/audit-log.ts';
import { type AccessDecision, decideAccess, type RequestOrigin } from '../authorization/authorize.ts';
import type { Caller, Principal } from '../identities/caller.ts';
import type { Platform, ServiceName } from '../platform.ts';
import { renderAnswer } from './answer-format.ts';
import { applyFaults, type FaultErrors, sendTruncated } from './fault-effects.ts';
import { type Parameters, readParameters } from './parameters.ts';
import { authenticateRpc, type RpcRequest, unknownCaller } from './rpc-authentication.ts';
import { ServiceError } from './service-error.ts';

/** What a service answers with, beside the request id. */
export type Answer = Readonly<Record<string, unknown>>;

/** One call, as an operation sees it: signed, not yet authorised. */
export interface RpcCall {
  readonly platform: Platform;
  readonly operation: string;
  readonly region: string;
  readonly requestId: string;
  readonly caller: Principal;
  readonly accessKeyId: string;
  readonly origin: RequestOrigin;
  readonly parameters: Parameters;
  /**
   * Asks RAM, and throws the service's refusal unless it allows.
   *
   * @param context condition keys beyond those every request has
   * @param resourcePolicies policies of the resource itself, such as a role's trust policy
   */
  authorize(
    action: string,
    resource: string,
    context?: Readonly<Record<string, string | string[]>>,
    resourcePolicies?: readonly PolicyInput[],
  ): void;
  /** For what is allowed by other means than RAM's decision on the caller (GetCallerIdentity, a trust policy). */
  authorizedOtherwise(): void;
}

/**
 * Runs inside one transaction of the store: what it wrote is durable when it is answered, and undone when it throws.
 * An asynchronous operation makes its own transaction, after whatever it waits for.
 */
export type Operation =
  | ((call: RpcCall) => Answer)
  | { readonly asynchronous: (call: RpcCall) => Promise<Answer> };

export interface RpcService {
  readonly service: Exclude<ServiceName, 'imds' | 'oss'>;
  readonly displayName: AuditEntry['service'];
  readonly version: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Operations that are called without a signature. */
  readonly anonymous?: ReadonlySet<string> | undefined;
  /** The region a call is for, when it says so itself; else that of the endpoint. */
  readonly regionOf?:
    | ((platform: Platform, parameters: ReadonlyMap<string, string>) => string | undefined)
    | undefined;
  /** The service's own wording of a refusal by RAM. */
  readonly refusal: { readonly code: string; readonly message: string };
  readonly throttled: () => ServiceError;
}

/**
 * Puts an RPC service on a server.
 *
 * @param endpointRegion when given, the endpoint serves this region alone
 */
export function serveRpc(
  app: FastifyInstance,
  platform: Platform,
  service: RpcService,
  endpointRegion?: string,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.route({
    method: ['GET', 'POST'],
    url: '/*',
    handler: (request, reply) => answer(platform, service, endpointRegion, request, reply),
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new ServiceError(
      405,
      'UnsupportedHTTPMethod',
      `This http method is not supported: ${service.displayName} takes GET and POST.`,
    );
    void sendError(reply, request, error, { truncate: false, format: undefined });
  });
}

/** A call in the making: what is known of it by the time it ends, well or not, goes into the audit log. */
interface Progress {
  operation: string;
  region: string;
  parameters: ReadonlyMap<string, string>;
  caller?: Caller;
  decisions: AuditedDecision[];
  explanation?: string;
}

async function answer(
  platform: Platform,
  service: RpcService,
  endpointRegion: string | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const progress: Progress = {
    operation: '',
    region: endpointRegion ?? platform.region,
    parameters: new Map(),
    decisions: [],
  };
  let truncate = false;
  let failure: ServiceError | undefined;
  let reached = true;
  try {
    const rpc = readRequest(request);
    const { parameters } = rpc;
    progress.parameters = parameters;
    progress.operation = parameters.get('Action') ?? header(request, 'x-acs-action') ?? '';
    progress.region = endpointRegion ?? service.regionOf?.(platform, parameters) ?? platform.region;
    const { operation: name, region } = progress;
    const faults = platform.faults.take({ service: service.service, operation: name, region });
    if (faults.length > 0) {
      const effect = await applyFaults(faults, request, reply, faultErrors(service));
      if (effect === 'answered') {
        reached = false;
        return;
      }
      truncate = effect === 'truncate';
    }
    const operation = findOperation(service, name);
    const version = parameters.get('Version') ?? header(request, 'x-acs-version');
    if (version !== service.version)
      throw version === undefined
        ? new ServiceError(400, 'MissingVersion', 'Version is mandatory for this action.')
        : new ServiceError(
            400,
            'InvalidVersion',
            `Specified parameter Version is not valid; use ${service.version}.`,
          );
    const anonymous = service.anonymous?.has(name) === true;
    if (!anonymous) progress.caller = authenticateRpc(platform, rpc);
    const answered = await run(platform, service, operation, request, progress);
    const root = service.service === 'kms' ? 'KMS' : `${name}Response`;
    const { contentType, body } = await renderAnswer(parameters.get('Format'), root, {
      ...answered,
      RequestId: request.id,
    });
    if (truncate) sendTruncated(reply, 200, contentType, Buffer.from(body, 'utf8'));
    else void reply.type(contentType).send(body);
  } catch (error) {
    failure = error instanceof ServiceError ? error : internalFailure(error);
    await sendError(reply, request, failure, { truncate, format: progress.parameters.get('Format') });
  } finally {
    // What a fault kept from the service has not happened to it.
    if (reached) record(platform, service, request, progress, failure);
  }
}

function record(
  platform: Platform,
  service: RpcService,
  request: FastifyRequest,
  progress: Progress,
  failure: ServiceError | undefined,
): void {
  platform.audit.record({
    time: platform.clock.now(),
    service: service.displayName,
    apiVersion: service.version,
    operation: progress.operation,
    region: progress.region,
    requestId: request.id,
    sourceIp: request.ip,
    userAgent: header(request, 'user-agent') ?? '',
    principal: progress.caller?.principal,
    accessKeyId: progress.caller?.accessKeyId,
    parameters: auditedParameters(progress.parameters),
    decisions: progress.decisions,
    explanation: progress.explanation,
    error: failure === undefined ? undefined : { code: failure.code, message: failure.message },
  });
}

async function run(
  platform: Platform,
  service: RpcService,
  operation: Operation,
  request: FastifyRequest,
  progress: Progress,
): Promise<Answer> {
  let settled = service.anonymous?.has(progress.operation) === true;
  const origin: RequestOrigin = { sourceIp: request.ip, secureTransport: request.protocol === 'https' };
  const call: RpcCall = {
    platform,
    operation: progress.operation,
    region: progress.region,
    requestId: request.id,
    caller: progress.caller?.principal ?? nobody,
    accessKeyId: progress.caller?.accessKeyId ?? '',
    origin,
    parameters: readParameters(progress.parameters),
    authorize(action, resource, context = {}, resourcePolicies) {
      const { caller } = call;
      const access = decideAccess(platform, origin, { caller, action, resource, context, resourcePolicies });
      progress.decisions.push({ action, resource, decision: access.decision });
      if (access.decision !== 'Allow') {
        progress.explanation = access.explanation;
        throw refusalOf(platform, service, caller, action, resource, access);
      }
      settled = true;
    },
    authorizedOtherwise() {
      settled = true;
    },
  };
  const result =
    typeof operation === 'function'
      ? platform.store.transaction(() => {
          const made = operation(call);
          if (!settled) throw new Error(`${progress.operation} answered without a decision`);
          return made;
        })
      : await operation.asynchronous(call);
  // Fail closed: an operation that forgot to ask must not answer.
  if (!settled) throw new Error(`${progress.operation} answered without a decision`);
  return result;
}

/** Stands in for a caller in operations without a signature, which never ask RAM about one. */
const nobody: Principal = { type: 'root', accountId: '', arn: '' };

function refusalOf(
  platform: Platform,
  service: RpcService,
  caller: Principal,
  action: string,
  resource: string,
  { decision, explanation }: AccessDecision,
): ServiceError {
  const { code, message } = service.refusal;
  return new ServiceError(403, code, platform.explainRefusals ? `${message} ${explanation}` : message, {
    AccessDeniedDetail: {
      AuthAction: action,
      AuthResource: resource,
      AuthPrincipalType:
        caller.type === 'role' ? 'AssumedRoleUser' : caller.type === 'user' ? 'SubUser' : 'RootUser',
      AuthPrincipalDisplayName:
        caller.type === 'role'
          ? `${caller.roleName}:${caller.session.sessionName}`
          : caller.type === 'user'
            ? caller.userId
            : caller.accountId,
      AuthPrincipalOwnerId: caller.accountId,
      NoPermissionType: decision === 'ExplicitDeny' ? 'ExplicitDeny' : 'ImplicitDeny',
    },
  });
}

function findOperation(service: RpcService, name: string): Operation {
  if (name === '') throw new ServiceError(400, 'MissingAction', 'Action is mandatory for this action.');
  const operation = Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
  if (operation === undefined)
    throw new ServiceError(
      404,
      'InvalidAction.NotFound',
      'Specified api is not found, please check your url and method.',
    );
  return operation;
}

function readRequest(request: FastifyRequest): RpcRequest {
  const query = new Map<string, string>();
  for (const [name, value] of Object.entries(request.query as Record<string, string | string[]>)) {
    if (typeof value !== 'string')
      throw new ServiceError(400, 'InvalidParameter', `The parameter ${name} is given more than once.`);
    query.set(name, value);
  }
  const body = Buffer.isBuffer(request.body) ? request.body : undefined;
  const type = (header(request, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const parameters = new Map(query);
  if (body !== undefined && body.length > 0) {
    if (type === 'application/x-www-form-urlencoded')
      for (const [name, value] of new URLSearchParams(body.toString('utf8'))) parameters.set(name, value);
    else if (type === 'application/json')
      for (const [name, value] of jsonParameters(body)) parameters.set(name, value);
    else
      throw new ServiceError(
        415,
        'UnsupportedMediaType',
        'A body is a form (application/x-www-form-urlencoded) or JSON.',
      );
  }
  return { raw: request, query, parameters, body };
}

function jsonParameters(body: Buffer): [string, string][] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError(400, 'InvalidParameter', 'The body is not the JSON it is said to be.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ServiceError(400, 'InvalidParameter', 'The JSON body is not an object of parameters.');
  return Object.entries(value)
    .filter(([, one]) => one !== null)
    .map(([name, one]) => [name, typeof one === 'string' ? one : JSON.stringify(one)]);
}

async function sendError(
  reply: FastifyReply,
  request: FastifyRequest,
  error: ServiceError,
  { truncate, format }: { truncate: boolean; format: string | undefined },
): Promise<void> {
  const { contentType, body } = await renderAnswer(format, 'Error', {
    ...error.details,
    RequestId: request.id,
    HostId: header(request, 'host') ?? '',
    Code: error.code,
    Message: error.message,
    Recommend: '',
  });
  if (truncate) sendTruncated(reply, error.status, contentType, Buffer.from(body, 'utf8'));
  else void reply.code(error.status).type(contentType).send(body);
}

/** A defect of ours: the client learns no more than that, and whoever runs the cloud gets the stack. */
function internalFailure(error: unknown): ServiceError {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'LocalCloudDefect' });
  return new ServiceError(
    500,
    'InternalFailure',
    'The request processing has failed due to some unknown error.',
  );
}

function faultErrors(service: RpcService): FaultErrors {
  return {
    throttled: service.throttled,
    expiredCredential: () => unknownCaller('token-expired'),
    failed: (status) =>
      status === 503
        ? new ServiceError(
            503,
            'ServiceUnavailableTemporary',
            'The service is temporarily unavailable; try again later.',
          )
        : new ServiceError(
            status,
            'InternalFailure',
            'The request processing has failed due to some unknown error.',
          ),
  };
}

const commonParameters = new Set([
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'SignatureNonce',
  'SignatureType',
  'Timestamp',
  'Format',
  'Version',
  'Action',
  'AccessKeyId',
]);

function auditedParameters(parameters: ReadonlyMap<string, string>): Record<string, string> {
  const audited: Record<string, string> = Object.create(null);
  for (const [name, value] of parameters) if (!commonParameters.has(name)) audited[name] = value;
  return audited;
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
