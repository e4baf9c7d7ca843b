import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isoSeconds } from '../clock/clock.ts';
import { type InstanceRecord, openInstances } from '../ecs/records.ts';
import { applyFaults, sendTruncated } from '../http/fault-effects.ts';
import { ServiceError } from '../http/service-error.ts';
import type { Platform } from '../platform.ts';
import { instanceCredential, instanceRole } from './instance-credentials.ts';

/** Seconds a token of the hardened mode may live ("Instance metadata", hardened mode). */
const tokenTtl = { min: 1, max: 21_600 };

/**
 * Puts the metadata service of one instance on a server. A token that is sent must be good in either mode; without
 * one, a hardened instance answers 403.
 */
export function serveMetadata(
  app: FastifyInstance,
  platform: Platform,
  instanceId: string,
  credentialSeconds: number,
): void {
  const tokens = metadataTokens(platform);

  const handle = async (
    operation: string,
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => string,
  ) => {
    let truncate = false;
    try {
      const faults = platform.faults.take({ service: 'imds', operation, region: platform.region });
      const effect = await applyFaults(faults, request, reply, faultErrors);
      if (effect === 'answered') return;
      truncate = effect === 'truncate';
      const text = work();
      if (truncate) sendTruncated(reply, 200, 'text/plain', Buffer.from(text, 'utf8'));
      else void reply.type('text/plain').send(text);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      void reply.code(error.status).type('text/html').send(errorPage(error));
    }
  };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null, undefined));

  app.put('/latest/api/token', (request, reply) =>
    handle('token', request, reply, () => {
      const header = request.headers['x-aliyun-ecs-metadata-token-ttl-seconds'];
      const seconds =
        typeof header === 'string' && /^\d{1,6}$/.test(header.trim()) ? Number(header) : Number.NaN;
      if (!(seconds >= tokenTtl.min && seconds <= tokenTtl.max))
        throw new ServiceError(
          400,
          'Bad Request',
          'X-aliyun-ecs-metadata-token-ttl-seconds must be from 1 to 21600',
        );
      return tokens.issue(seconds);
    }),
  );

  app.get('/*', (request, reply) => {
    const path = (request.url.split('?', 1)[0] as string).replace(/\/+/g, '/');
    return handle(operationOf(path), request, reply, () => {
      const instance = openInstances(platform.store).get(instanceId);
      if (instance === undefined) throw notFound();
      const token = request.headers['x-aliyun-ecs-metadata-token'];
      if (token === undefined ? instance.hardened : typeof token !== 'string' || !tokens.isGood(token))
        throw new ServiceError(
          403,
          'Forbidden',
          'a token from PUT /latest/api/token is needed, and it must not be expired',
        );
      return read(platform, instance, path, credentialSeconds);
    });
  });
}

const root = '/latest/meta-data';
const credentials = `${root}/ram/security-credentials`;

/** What faults and logs call a read. */
function operationOf(path: string): string {
  return path.startsWith(credentials) ? 'security-credentials' : 'meta-data';
}

function read(platform: Platform, instance: InstanceRecord, path: string, credentialSeconds: number): string {
  if (path.startsWith(`${credentials}/`) || path === credentials) {
    const role = instanceRole(platform, instance);
    if (role === undefined) throw notFound();
    const name = path.slice(credentials.length + 1);
    if (name === '') return role.roleName;
    if (name !== role.roleName) throw notFound();
    const session = instanceCredential(platform, instance, role, credentialSeconds);
    return JSON.stringify(
      {
        AccessKeyId: session.accessKeyId,
        AccessKeySecret: session.accessKeySecret,
        Expiration: isoSeconds(session.expiration),
        SecurityToken: session.securityToken,
        LastUpdated: isoSeconds(session.issued),
        Code: 'Success',
      },
      null,
      2,
    );
  }
  const entries: Record<string, string> = {
    'instance-id': instance.instanceId,
    'region-id': instance.region,
    'zone-id': instance.zone,
    'owner-account-id': instance.accountId,
    hostname: instance.instanceName,
    'image-id': instance.imageId,
    'private-ipv4': instance.privateIp,
    'instance/instance-type': instance.instanceType,
    'instance/instance-name': instance.instanceName,
  };
  if (path === `${root}/` || path === root)
    return [...new Set(Object.keys(entries).map((name) => name.replace(/\/.*/, '/'))), 'ram/']
      .sort()
      .join('\n');
  if (path === `${root}/ram/`) {
    if (instance.ramRoleName === undefined) throw notFound();
    return 'security-credentials/';
  }
  const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1).replace(/\/$/, '') : '';
  const value = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (value === undefined) throw notFound();
  return value;
}

const notFound = () => new ServiceError(404, 'Not Found', 'there is nothing here');

const faultErrors = {
  throttled: () => new ServiceError(429, 'Too Many Requests', 'slow down'),
  failed: (status: number) =>
    new ServiceError(status, 'Internal Server Error', 'the metadata service failed'),
  expiredCredential: () => new ServiceError(403, 'Forbidden', 'the token is expired'),
};

/** Codes and messages are ours or checked on injection; none holds what the client sent. */
function errorPage({ status, code, message }: ServiceError): string {
  const text = (value: string) => value.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>${status} - ${text(code)}</title></head><body><h1>${status} - ${text(code)}</h1><p>${text(message)}</p></body></html>\n`;
}

interface MetadataTokens {
  issue(seconds: number): string;
  isGood(token: string): boolean;
}

/** Tokens carry their expiration under a MAC of this process: there is nothing to store, and nothing to fill up. */
function metadataTokens({ clock }: Platform): MetadataTokens {
  const key = randomBytes(32);
  const mac = (payload: Buffer) => createHmac('sha256', key).update(payload).digest();
  return {
    issue(seconds) {
      const payload = Buffer.alloc(20);
      payload.writeDoubleBE(clock.now() + seconds * 1000);
      randomBytes(12).copy(payload, 8);
      return Buffer.concat([payload, mac(payload)]).toString('base64');
    },
    isGood(token) {
      const bytes = Buffer.from(token, 'base64');
      if (bytes.length !== 52) return false;
      const payload = bytes.subarray(0, 20);
      return timingSafeEqual(bytes.subarray(20), mac(payload)) && clock.now() < payload.readDoubleBE(0);
    },
  };
}
