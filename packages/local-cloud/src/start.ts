import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type RegionalService, serveAdmin } from './admin/serve-admin.ts';
import { type AuditEvent, createAuditLog } from './audit/audit-log.ts';
import { type Clock, createClock } from './clock/clock.ts';
import { openInstances } from './ecs/records.ts';
import { ecsService } from './ecs/service.ts';
import { LocalCloudError } from './errors.ts';
import { createFaults, type Fault, type Faults } from './faults/faults.ts';
import type { CertificateAuthority } from './http/certificate-authority.ts';
import { type Listener, type ListenerOptions, openListener, type TlsIdentity } from './http/listener.ts';
import { serveRpc } from './http/rpc-service.ts';
import { openDirectory } from './identities/directory.ts';
import { serveMetadata } from './imds/serve-metadata.ts';
import { kmsService } from './kms/service.ts';
import { ossListener } from './oss/serve.ts';
import type { Platform, ServiceName } from './platform.ts';
import { ramService } from './ram/service.ts';
import { applySeed } from './seed/apply-seed.ts';
import { defaultAccount, defaultAccountId, newAccountId, withAdministrator } from './seed/default-account.ts';
import { decodeSeed, type Seed, type SeedAccount } from './seed/seed.ts';
import { createNonces } from './signatures/nonces.ts';
import { openSqliteJournal } from './store/sqlite-journal.ts';
import { createStore, type Snapshot, type Store } from './store/store.ts';
import { stsService } from './sts/service.ts';

export interface LocalCloudOptions {
  /** The first of six ports in a row, in the order of `endpoints`; free ports when absent or 0. */
  readonly port?: number | undefined;
  /** A loopback address; 127.0.0.1 when absent. */
  readonly host?: string | undefined;
  /** Consent to a `host` that other machines can reach: whoever reaches it may use the seeded credentials' services. */
  readonly allowRemoteClients?: boolean | undefined;
  /** Where the metadata service listens, when not at `host` and a port of its own: `100.100.100.200:80` in a network namespace. */
  readonly imdsAddress?: string | undefined;
  /** Keeps the state in this folder, across restarts; in memory when absent. */
  readonly dataDir?: string | undefined;
  /** What a cloud without state starts with; one account with an administrator and an instance when absent. */
  readonly seed?: Seed | undefined;
  /** Where the local clock starts; the real time when absent. */
  readonly clock?: number | Date | undefined;
  /** Faults in force from the start. */
  readonly faults?: readonly Fault[] | undefined;
  /** Lifetime of the credentials the metadata service gives, in seconds; 3600 when absent. */
  readonly instanceCredentialSeconds?: number | undefined;
  /** Whether the message of a refusal says which statement refused; the audit log always does. */
  readonly explainRefusals?: boolean | undefined;
  /** Given each audit event as it happens. */
  readonly onAuditEvent?: ((event: AuditEvent) => void) | undefined;
  /**
   * Serve HTTPS: with this identity, or with one of an authority that the cloud makes (`true`). IMDS stays on HTTP, as
   * the real one does.
   */
  readonly tls?: boolean | TlsIdentity | undefined;
  /** Open the admin API as well (faults, clock, audit log, reset, for programs in other languages). */
  readonly admin?: boolean | undefined;
}

export type Endpoints = Readonly<Record<ServiceName, string>>;

export interface Administrator {
  readonly accountId: string;
  readonly userName: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/** An account of its own, for a test. */
export interface Account extends Administrator {
  /** The account's first instance. */
  readonly instanceId: string | undefined;
}

export interface LocalCloud extends AsyncDisposable {
  /** URLs with scheme, host and port, one listener each. */
  readonly endpoints: Endpoints;
  /** The endpoint of a service that serves one region alone; opened on first use. */
  endpointOf(service: RegionalService, region: string): Promise<string>;
  /** The admin API, when it was asked for. */
  readonly adminEndpoint: string | undefined;
  /** With `tls: true`, the certificate (PEM) that clients have to trust. */
  readonly certificateAuthority: string | undefined;
  /** The metadata service of any other instance; opened on first use. */
  metadataEndpointOf(instanceId: string): Promise<string>;
  /**
   * Adds an account, as a seed has it; with an administrator and, unless it says otherwise, one instance.
   *
   * @throws LocalCloudError `SEED_INVALID`
   */
  createAccount(account?: Partial<SeedAccount>): Account;
  readonly region: string;
  /** The first user of the seed with AdministratorAccess and an AccessKey. */
  readonly administrator: Administrator;
  /** The instance whose metadata the imds endpoint serves: the first of the seed. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly faults: Faults;
  auditLog(): AuditEvent[];
  snapshot(): Snapshot;
  /** Back to the snapshot, or to the state right after the start; faults and audit log are cleared. */
  reset(snapshot?: Snapshot): void;
  close(): Promise<void>;
}

const services = ['imds', 'sts', 'ram', 'kms', 'oss', 'ecs'] as const satisfies readonly ServiceName[];
const rpcServices = { sts: stsService, ram: ramService, kms: kmsService, ecs: ecsService };

/**
 * Starts IMDS, STS, RAM, KMS, OSS and ECS, each at an endpoint of its own.
 *
 * @throws PortInUseError when one of the ports is taken
 * @throws LocalCloudError `ADDRESS_REFUSED`, `SEED_INVALID`, `DATA_DIRECTORY`, `LISTEN_FAILED`
 */
export async function startLocalCloud(options: LocalCloudOptions = {}): Promise<LocalCloud> {
  const host = options.host ?? '127.0.0.1';
  checkAddress(host, options.allowRemoteClients === true);
  const seed: Seed =
    options.seed === undefined ? { accounts: [defaultAccount(defaultAccountId)] } : decodeSeed(options.seed);
  const directories = fileDirectories(options.dataDir);
  const store = createStore(options.dataDir === undefined ? undefined : openSqliteJournal(options.dataDir));
  const listeners: Listener[] = [];
  try {
    const clock = createClock(options.clock);
    const faults = createFaults(options.faults);
    const audit = createAuditLog({ write: options.onAuditEvent });
    const platform: Platform = {
      region: seed.region ?? 'cn-hangzhou',
      clock,
      store,
      directory: openDirectory(store),
      nonces: createNonces(),
      faults,
      audit,
      explainRefusals: options.explainRefusals === true,
      durable: options.dataDir !== undefined,
      directoryFor: directories.open,
    };
    if (platform.directory.accounts.size === 0) applySeed(platform, seed);
    const administrator = findAdministrator(platform);
    const instanceId = openInstances(store).keys().next().value ?? '';

    const authority = options.tls === true ? await openAuthority(store) : undefined;
    const tls =
      authority === undefined
        ? typeof options.tls === 'object'
          ? options.tls
          : undefined
        : await authority.issue([host, 'localhost', '127.0.0.1', '::1']);
    const started = store.snapshot();
    const common = { host, clock, tls };
    const open = async (name: string, port: number, specifics: Specifics): Promise<string> => {
      const listener = await openListener({ ...common, ...specifics, name, port });
      listeners.push(listener);
      return listener.url;
    };
    const metadata = (id: string): Specifics => ({
      ...rpcLimits,
      tls: undefined,
      routes: (app) => serveMetadata(app, platform, id, options.instanceCredentialSeconds ?? 3600),
    });
    const endpoints = {} as Record<ServiceName, string>;
    for (const [index, service] of services.entries()) {
      const port = basePort(options, index);
      if (service === 'imds') {
        const address =
          options.imdsAddress === undefined ? { host, port } : parseAddress(options.imdsAddress, options);
        endpoints.imds = await open('imds', address.port, { ...metadata(instanceId), host: address.host });
      } else endpoints[service] = await open(service, port, listenerFor(platform, service));
    }

    const onDemand = new Map<string, Promise<string>>();
    const openOnce = (name: string, specifics: () => Specifics) => {
      const url = onDemand.get(name) ?? open(name, 0, specifics());
      onDemand.set(name, url);
      return url;
    };
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= (async () => {
        await Promise.allSettled(onDemand.values());
        await Promise.all(listeners.map((listener) => listener.close()));
        store.close();
        directories.remove();
      })();
      return closing;
    };
    const reset = (snapshot = started) => {
      store.restore(snapshot);
      faults.clear();
      audit.clear();
    };
    const endpointOf = (service: RegionalService, region: string) =>
      openOnce(`${service} in ${region}`, () => listenerFor(platform, service, region));
    const metadataEndpointOf = (id: string) => openOnce(`imds of ${id}`, () => metadata(id));
    const adminEndpoint =
      options.admin !== true
        ? undefined
        : await open('admin', basePort(options, services.length), {
            ...rpcLimits,
            routes: (app) =>
              serveAdmin(app, {
                clock,
                faults,
                auditLog: () => audit.events(),
                reset: () => reset(),
                endpointOf,
                metadataEndpointOf,
                describe: () => ({ region: platform.region, endpoints, administrator, instanceId }),
              }),
          });
    return {
      endpoints,
      adminEndpoint,
      certificateAuthority: authority?.certificate,
      endpointOf,
      metadataEndpointOf,
      createAccount(account = {}) {
        const id = account.id ?? newAccountId((taken) => platform.directory.accounts.has(taken));
        const seeded =
          account.instances === undefined ? { ...defaultAccount(id), ...account, id } : { ...account, id };
        const decoded = decodeSeed({ accounts: [withAdministrator(seeded)] });
        applySeed(platform, decoded);
        const own = Array.from(openInstances(store).values()).find(({ accountId }) => accountId === id);
        return { ...findAdministrator(platform, id), instanceId: own?.instanceId };
      },
      region: platform.region,
      administrator,
      instanceId,
      clock,
      faults,
      auditLog: () => audit.events(),
      snapshot: () => store.snapshot(),
      reset,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    store.close();
    directories.remove();
    throw error;
  }
}

type Specifics = Omit<ListenerOptions, 'name' | 'port' | 'host' | 'clock' | 'tls'> &
  Partial<Pick<ListenerOptions, 'host' | 'tls'>>;

/** The port at this place in the row; 0 for a free one. */
function basePort({ port = 0 }: LocalCloudOptions, index: number): number {
  return port === 0 ? 0 : port + index;
}

/** What certificates are made with is loaded by those who ask for one. */
async function openAuthority(store: Store): Promise<CertificateAuthority> {
  const { openCertificateAuthority } = await import('./http/certificate-authority.ts');
  return openCertificateAuthority(store);
}

const rpcLimits = {
  bodyLimit: 256 * 1024,
  headerLimit: 160 * 1024,
  requestTimeoutMs: 10_000,
  idleTimeoutMs: 120_000,
};

/** @param region when given, the endpoint serves this region alone */
function listenerFor(platform: Platform, service: Exclude<ServiceName, 'imds'>, region?: string): Specifics {
  if (service === 'oss') return ossListener(platform, region);
  return {
    ...rpcLimits,
    routes: (app: FastifyInstance) => serveRpc(app, platform, rpcServices[service], region),
  };
}

function findAdministrator({ directory }: Platform, account?: string): Administrator {
  for (const { kind, accountId, name, attachments } of directory.attachments.values()) {
    if (account !== undefined && accountId !== account) continue;
    if (kind !== 'user' || !attachments.some(({ policyName }) => policyName === 'AdministratorAccess'))
      continue;
    for (const key of directory.accessKeys.values())
      if (key.accountId === accountId && key.userName?.toLowerCase() === name.toLowerCase())
        return {
          accountId,
          userName: key.userName,
          accessKeyId: key.accessKeyId,
          accessKeySecret: key.accessKeySecret,
        };
  }
  throw new LocalCloudError(
    'SEED_INVALID',
    'the seed has no user with AdministratorAccess and an AccessKey; give one of its users `policies: [AdministratorAccess]` and `accessKeys`',
  );
}

function checkAddress(host: string, allowRemoteClients: boolean): void {
  const version = isIP(host);
  const loopback =
    version === 4 ? host.startsWith('127.') : version === 6 ? host === '::1' : host === 'localhost';
  if (loopback || allowRemoteClients) return;
  throw new LocalCloudError(
    'ADDRESS_REFUSED',
    `${host} is not a loopback address: whoever could reach it there could use this cloud, and it hands out credentials to anybody who asks its metadata service; say allowRemoteClients to listen there all the same`,
  );
}

/** The metadata service's own well-known address is reachable from the instance (or network namespace) alone. */
function parseAddress(
  address: string,
  { allowRemoteClients }: LocalCloudOptions,
): { host: string; port: number } {
  const match = /^(\[[0-9a-f:]+\]|[^:]+)(?::(\d{1,5}))?$/i.exec(address);
  const host = match?.[1]?.replace(/^\[|\]$/g, '') ?? '';
  const port = Number(match?.[2] ?? 80);
  if (isIP(host) === 0 || port > 65_535)
    throw new LocalCloudError(
      'ADDRESS_REFUSED',
      `${JSON.stringify(address)} is no address of the form 100.100.100.200:80`,
    );
  if (host !== '100.100.100.200') checkAddress(host, allowRemoteClients === true);
  return { host, port };
}

/** Folders under the data directory, or under a temporary one that is made when first needed and removed at the end. */
function fileDirectories(dataDir: string | undefined): { open(purpose: string): string; remove(): void } {
  let temporary: string | undefined;
  return {
    open(purpose) {
      temporary ??= dataDir === undefined ? mkdtempSync(join(tmpdir(), 'yunseal-local-cloud-')) : undefined;
      const directory = join(dataDir ?? (temporary as string), purpose);
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return directory;
    },
    remove() {
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
  };
}
