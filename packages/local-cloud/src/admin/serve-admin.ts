import type { FastifyInstance, FastifyReply } from 'fastify';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { PathReporter } from 'io-ts/lib/PathReporter.js';
import type { AuditEvent } from '../audit/audit-log.ts';
import type { Clock } from '../clock/clock.ts';
import { LocalCloudError } from '../errors.ts';
import { type Fault, type Faults, faultKinds, type InjectedFault } from '../faults/faults.ts';
import { type ServiceName, serviceNames } from '../platform.ts';

/** Services that have an endpoint in each region. */
export const regionalServices = ['kms', 'ecs', 'oss'] as const;
export type RegionalService = (typeof regionalServices)[number];

/** What the admin API steers: the same as `startLocalCloud` returns, for tests in other languages. */
export interface AdminTarget {
  readonly clock: Clock;
  readonly faults: Faults;
  auditLog(): AuditEvent[];
  reset(): void;
  endpointOf(service: RegionalService, region: string): Promise<string>;
  metadataEndpointOf(instanceId: string): Promise<string>;
  describe(): object;
}

const optional = <P extends t.Props>(props: P) => t.exact(t.partial(props));

const FaultCodec = t.intersection([
  t.strict({
    kind: t.keyof(Object.fromEntries(faultKinds.map((kind) => [kind, null])) as Record<Fault['kind'], null>),
  }),
  optional({
    service: t.keyof(
      Object.fromEntries(serviceNames.map((name) => [name, null])) as Record<ServiceName, null>,
    ),
    operation: t.string,
    region: t.string,
    times: t.number,
    probability: t.number,
    ms: t.number,
    afterBytes: t.number,
    status: t.number,
    code: t.string,
    message: t.string,
  }),
]);

const ClockCodec = t.union([
  t.strict({ advance: t.number }),
  t.strict({ set: t.union([t.string, t.number]) }),
]);

/**
 * The admin API, in JSON: `GET /` (endpoints, administrator), `GET|POST|DELETE /faults`, `DELETE /faults/<id>`,
 * `GET /endpoints/<service>/<region>`, `GET|POST /clock` (`{"advance": ms}` or `{"set": time}`), `GET /audit-log`, `POST /reset`.
 *
 * Bodies have to be declared as JSON: that is what keeps web pages from steering it behind a browser's back.
 */
export function serveAdmin(app: FastifyInstance, target: AdminTarget): void {
  const injected = new Map<string, { fault: Fault; handle: InjectedFault }>();
  let nextId = 1;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch {
      done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }), undefined);
    }
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.headers['content-type']?.startsWith('application/json') === true)
      done();
    else refuse(reply, 415, 'declare the request as application/json');
  });

  app.get('/', () => target.describe());
  app.get('/faults', () => Array.from(injected, ([id, { fault }]) => ({ id, ...fault })));
  app.post('/faults', (request, reply) => {
    const decoded = FaultCodec.decode(request.body);
    if (isLeft(decoded)) return refuse(reply, 400, PathReporter.report(decoded).join('; '));
    try {
      const id = String(nextId++);
      injected.set(id, { fault: decoded.right, handle: target.faults.inject(decoded.right) });
      return reply.code(201).send({ id });
    } catch (error) {
      if (error instanceof LocalCloudError) return refuse(reply, 400, error.message);
      throw error;
    }
  });
  app.delete('/faults', () => {
    target.faults.clear();
    injected.clear();
    return {};
  });
  app.delete<{ Params: { id: string } }>('/faults/:id', (request, reply) => {
    const found = injected.get(request.params.id);
    if (found === undefined) return refuse(reply, 404, `there is no fault ${request.params.id}`);
    found.handle.remove();
    injected.delete(request.params.id);
    return {};
  });
  app.get('/clock', () => ({ now: new Date(target.clock.now()).toISOString(), offset: target.clock.offset }));
  app.post('/clock', (request, reply) => {
    const decoded = ClockCodec.decode(request.body);
    if (isLeft(decoded)) return refuse(reply, 400, PathReporter.report(decoded).join('; '));
    try {
      if ('advance' in decoded.right) target.clock.advance(decoded.right.advance);
      else target.clock.set(new Date(decoded.right.set));
    } catch (error) {
      if (error instanceof RangeError) return refuse(reply, 400, error.message);
      throw error;
    }
    return { now: new Date(target.clock.now()).toISOString(), offset: target.clock.offset };
  });
  app.get<{ Params: { service: string; region: string } }>(
    '/endpoints/:service/:region',
    async (request, reply) => {
      const { service, region } = request.params;
      // The metadata service knows instances where the others know regions.
      if (service === 'imds') return { url: await target.metadataEndpointOf(region) };
      const known = regionalServices.find((one) => one === service);
      if (known === undefined || !/^[a-z0-9-]{1,32}$/.test(region))
        return refuse(
          reply,
          404,
          `an endpoint is of ${regionalServices.join(', ')} and a region, or of imds and an instance`,
        );
      return { url: await target.endpointOf(known, region) };
    },
  );
  app.get('/audit-log', () => target.auditLog());
  app.post('/reset', () => {
    target.reset();
    injected.clear();
    return {};
  });
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ Code: 'InvalidRequest', Message: message });
}
