import type { FastifyInstance } from 'fastify';
import { type RegionalService, serveAdmin } from './admin/serve-admin.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { createClock } from './clock/clock.ts';
import { openInstances } from './ecs/records.ts';
import { ecsService } from './ecs/service.ts';
import { createFaults } from './faults/faults.ts';
import { checkAddress, parseMetadataAddress } from './http/address.ts';
import type { CertificateAuthority } from './http/certificate-authority.ts';
import { type Listener, type ListenerOptions, openListener } from './http/listener.ts';
import { serveRpc } from './http/rpc-service.ts';
import { openDirectory } from './identities/directory.ts';
import { serveMetadata } from './imds/serve-metadata.ts';
import { kmsService } from './kms/service.ts';
import type { LocalCloud, LocalCloudOptions } from './local-cloud.ts';
import { ossListener } from './oss/serve.ts';
import type { Platform, ServiceName } from './platform.ts';
import { ramService } from './ram/service.ts';
import { findAdministrator } from './seed/administrator.ts';
import { applySeed } from './seed/apply-seed.ts';
import { defaultAccount, defaultAccountId, newAccountId, withAdministrator } from './seed/default-account.ts';
import { decodeSeed, type Seed } from './seed/seed.ts';
import { createNonces } from './signatures/nonces.ts';
import { fileDirectories } from './store/file-directories.ts';
import { openSqliteJournal } from './store/sqlite-journal.ts';
import { createStore, type Store } from './store/store.ts';
import { stsService } from './sts/service.ts';

const services = ['imds', 'sts', 'ram', 'kms', 'oss', 'ecs'] as const satisfies readonly ServiceName[];
const rpcServices = { sts: stsService, ram: ramService, kms: kmsService, ecs: ecsService };

/**
 * Starts IMDS, STS, RAM, KMS, OSS and ECS, each at an endpoint of its own.
 *
 * @throws PortInUseError when one of the ports is taken
 * @throws LocalCloudError `AddressRefused`, `SeedInvalid`, `FaultInvalid`, `DataDirectory`, `ListenFailed`
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
      region: keptRegion(store, seed.region ?? 'cn-hangzhou'),
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
    const administrator = findAdministrator(platform.directory);
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
          options.imdsAddress === undefined
            ? { host, port }
            : parseMetadataAddress(options.imdsAddress, options.allowRemoteClients === true);
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
        return { ...findAdministrator(platform.directory, id), instanceId: own?.instanceId };
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

/** The region a cloud was made in: a restart with another seed does not move it. */
function keptRegion(store: Store, region: string): string {
  const settings = store.collection<string>('settings');
  const kept = settings.get('region');
  if (kept === undefined) settings.put('region', region);
  return kept ?? region;
}

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
