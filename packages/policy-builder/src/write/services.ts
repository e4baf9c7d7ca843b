import { knownActions, serviceCatalogue } from '../catalogue/catalogue.ts';
import type { KnownService } from '../catalogue/generated.ts';
import { PolicyError } from '../errors.ts';
import type { KnownAction, OtherAction, ResourceArn } from './types.ts';

/** Where a resource is. Every region and every account unless said otherwise. */
export interface ResourceScope {
  /** Region id such as `cn-hangzhou`; default `*`. */
  readonly region?: string | undefined;
  /** Alibaba Cloud account id; default `*`. */
  readonly account?: string | undefined;
}

type ActionsOf<Service extends KnownService> = Extract<KnownAction, `${Service}:${string}`>;

/** The actions of a service, from the catalogue. */
function actionsOf<Service extends KnownService>(service: Service): readonly ActionsOf<Service>[] {
  return knownActions(service).map((entry) => entry.action as ActionsOf<Service>);
}

/** The condition keys of a service's own; a key ending in `/*` takes a tag key there. */
function conditionKeysOf(service: KnownService): readonly string[] {
  return Object.keys(serviceCatalogue(service).conditionKeys);
}

function arn<Type extends string>(
  service: string,
  scope: ResourceScope,
  relativeId: string,
): ResourceArn<Type> {
  const { region = '*', account = '*' } = scope;
  for (const [name, value] of Object.entries({ region, account, service }))
    if (value === '' || /[:\s]/.test(value))
      throw new PolicyError('InvalidArgument', `${JSON.stringify(value)} is no ${name} of a resource name.`);
  if (relativeId === '' || /^\s|\s$/.test(relativeId) || relativeId.endsWith('/'))
    throw new PolicyError(
      'InvalidArgument',
      `${JSON.stringify(relativeId)} is no relative id of a resource name.`,
    );
  return `acs:${service}:${region}:${account}:${relativeId}` as ResourceArn<Type>;
}

/** RAM's own resources have no region. */
function ramArn<Type extends string>(
  scope: { readonly account?: string | undefined },
  id: string,
): ResourceArn<Type> {
  return arn<Type>('ram', { account: scope.account }, id);
}

/** Key Management Service. */
export const kms = {
  /** A key. Source of the templates: "Use RAM to control access to KMS resources". */
  key: (key: ResourceScope & { readonly id: string }) => arn<'kms:key'>('kms', key, `key/${key.id}`),
  /** All keys, for listing and creating. */
  keyContainer: (scope: ResourceScope = {}) => arn<'kms:keyContainer'>('kms', scope, 'key'),
  secret: (secret: ResourceScope & { readonly name: string }) =>
    arn<'kms:secret'>('kms', secret, `secret/${secret.name}`),
  secretContainer: (scope: ResourceScope = {}) => arn<'kms:secretContainer'>('kms', scope, 'secret'),
  alias: (alias: ResourceScope & { readonly name: string }) =>
    arn<'kms:alias'>('kms', alias, `alias/${alias.name.replace(/^alias\//, '')}`),
  aliasContainer: (scope: ResourceScope = {}) => arn<'kms:aliasContainer'>('kms', scope, 'alias'),
  certificate: (certificate: ResourceScope & { readonly id: string }) =>
    arn<'kms:certificate'>('kms', certificate, `certificate/${certificate.id}`),
  certificateContainer: (scope: ResourceScope = {}) =>
    arn<'kms:certificateContainer'>('kms', scope, 'certificate'),
  /** Every action of the service. */
  actions: () => actionsOf('kms'),
  conditionKeys: () => conditionKeysOf('kms'),
} as const;

/** Object Storage Service. */
export const oss = {
  /** A bucket itself: its settings and the list of its objects. */
  bucket: (bucket: ResourceScope & { readonly bucket: string }) =>
    arn<'oss:bucket'>('oss', bucket, bucket.bucket),
  /** Objects in a bucket; `key` may hold wildcards, as in `logs/*`. */
  object: (object: ResourceScope & { readonly bucket: string; readonly key: string }) =>
    arn<'oss:object'>('oss', object, `${object.bucket}/${object.key}`),
  accessPoint: (point: ResourceScope & { readonly name: string }) =>
    arn<'oss:accessPoint'>('oss', point, `accesspoint/${point.name}`),
  actions: () => actionsOf('oss'),
  conditionKeys: () => conditionKeysOf('oss'),
} as const;

/** Elastic Compute Service. */
export const ecs = {
  instance: (instance: ResourceScope & { readonly id: string }) =>
    arn<'ecs:instance'>('ecs', instance, `instance/${instance.id}`),
  disk: (disk: ResourceScope & { readonly id: string }) => arn<'ecs:disk'>('ecs', disk, `disk/${disk.id}`),
  snapshot: (snapshot: ResourceScope & { readonly id: string }) =>
    arn<'ecs:snapshot'>('ecs', snapshot, `snapshot/${snapshot.id}`),
  image: (image: ResourceScope & { readonly id: string }) =>
    arn<'ecs:image'>('ecs', image, `image/${image.id}`),
  securityGroup: (group: ResourceScope & { readonly id: string }) =>
    arn<'ecs:securityGroup'>('ecs', group, `securitygroup/${group.id}`),
  keyPair: (pair: ResourceScope & { readonly name: string }) =>
    arn<'ecs:keyPair'>('ecs', pair, `keypair/${pair.name}`),
  volume: (volume: ResourceScope & { readonly id: string }) =>
    arn<'ecs:volume'>('ecs', volume, `volume/${volume.id}`),
  dedicatedHost: (host: ResourceScope & { readonly id: string }) =>
    arn<'ecs:dedicatedHost'>('ecs', host, `ddh/${host.id}`),
  /** A Cloud Assistant command. */
  command: (command: ResourceScope & { readonly id: string }) =>
    arn<'ecs:command'>('ecs', command, `command/${command.id}`),
  /** An elastic network interface. */
  networkInterface: (eni: ResourceScope & { readonly id: string }) =>
    arn<'ecs:networkInterface'>('ecs', eni, `eni/${eni.id}`),
  launchTemplate: (template: ResourceScope & { readonly id: string }) =>
    arn<'ecs:launchTemplate'>('ecs', template, `launchtemplate/${template.id}`),
  autoSnapshotPolicy: (policy: ResourceScope & { readonly id: string }) =>
    arn<'ecs:autoSnapshotPolicy'>('ecs', policy, `snapshotpolicy/${policy.id}`),
  snapshotGroup: (group: ResourceScope & { readonly id: string }) =>
    arn<'ecs:snapshotGroup'>('ecs', group, `snapshotgroup/${group.id}`),
  imageComponent: (component: ResourceScope & { readonly id: string }) =>
    arn<'ecs:imageComponent'>('ecs', component, `imagecomponent/${component.id}`),
  imagePipeline: (pipeline: ResourceScope & { readonly id: string }) =>
    arn<'ecs:imagePipeline'>('ecs', pipeline, `imagepipeline/${pipeline.id}`),
  imagePipelineExecution: (execution: ResourceScope & { readonly id: string }) =>
    arn<'ecs:imagePipelineExecution'>('ecs', execution, `imagepipelineexecution/${execution.id}`),
  dedicatedHostCluster: (cluster: ResourceScope & { readonly id: string }) =>
    arn<'ecs:dedicatedHostCluster'>('ecs', cluster, `ddhcluster/${cluster.id}`),
  deploymentSet: (set: ResourceScope & { readonly id: string }) =>
    arn<'ecs:deploymentSet'>('ecs', set, `deploymentset/${set.id}`),
  hpcCluster: (cluster: ResourceScope & { readonly id: string }) =>
    arn<'ecs:hpcCluster'>('ecs', cluster, `hpc/${cluster.id}`),
  autoProvisioningGroup: (group: ResourceScope & { readonly id: string }) =>
    arn<'ecs:autoProvisioningGroup'>('ecs', group, `autoprovisioninggroup/${group.id}`),
  capacityReservation: (reservation: ResourceScope & { readonly id: string }) =>
    arn<'ecs:capacityReservation'>('ecs', reservation, `capacityreservation/${reservation.id}`),
  elasticityAssurance: (assurance: ResourceScope & { readonly id: string }) =>
    arn<'ecs:elasticityAssurance'>('ecs', assurance, `elasticityassurance/${assurance.id}`),
  reservedInstance: (reservation: ResourceScope & { readonly id: string }) =>
    arn<'ecs:reservedInstance'>('ecs', reservation, `reservedinstance/${reservation.id}`),
  storageCapacityUnit: (unit: ResourceScope & { readonly id: string }) =>
    arn<'ecs:storageCapacityUnit'>('ecs', unit, `scu/${unit.id}`),
  portRangeList: (list: ResourceScope & { readonly id: string }) =>
    arn<'ecs:portRangeList'>('ecs', list, `portrangelist/${list.id}`),
  prefixList: (list: ResourceScope & { readonly id: string }) =>
    arn<'ecs:prefixList'>('ecs', list, `prefixlist/${list.id}`),
  /** An activation code, with which machines elsewhere become managed instances. */
  activation: (activation: ResourceScope & { readonly id: string }) =>
    arn<'ecs:activation'>('ecs', activation, `activation/${activation.id}`),
  /** A run of a Cloud Assistant command. */
  invocation: (invocation: ResourceScope & { readonly id: string }) =>
    arn<'ecs:invocation'>('ecs', invocation, `invocation/${invocation.id}`),
  /** Settings of Cloud Assistant. */
  serviceSettings: (settings: ResourceScope & { readonly id: string }) =>
    arn<'ecs:serviceSettings'>('ecs', settings, `servicesettings/${settings.id}`),
  /** How disks are encrypted that do not say: documented for a region as a whole only. */
  diskEncryptionDefaultConfig: (scope: ResourceScope = {}) =>
    arn<'ecs:diskEncryptionDefaultConfig'>('ecs', scope, 'diskencryptiondefaultconfig/*'),
  /** A vSwitch, which creating an instance also touches. */
  vSwitch: (vSwitch: ResourceScope & { readonly id: string }) =>
    arn<'vpc:vswitch'>('vpc', vSwitch, `vswitch/${vSwitch.id}`),
  vpc: (vpc: ResourceScope & { readonly id: string }) => arn<'vpc:vpc'>('vpc', vpc, `vpc/${vpc.id}`),
  actions: () => actionsOf('ecs'),
  conditionKeys: () => conditionKeysOf('ecs'),
} as const;

type RamEntity = { readonly account?: string | undefined; readonly name: string };

/** Resource Access Management. */
export const ram = {
  user: (user: RamEntity) => ramArn<'ram:user'>(user, `user/${user.name}`),
  group: (group: RamEntity) => ramArn<'ram:group'>(group, `group/${group.name}`),
  role: (role: RamEntity) => ramArn<'ram:role'>(role, `role/${role.name}`),
  policy: (policy: RamEntity) => ramArn<'ram:policy'>(policy, `policy/${policy.name}`),
  mfa: (device: RamEntity) => ramArn<'ram:mfa'>(device, `mfa/${device.name}`),
  samlProvider: (provider: RamEntity) =>
    ramArn<'ram:samlProvider'>(provider, `saml-provider/${provider.name}`),
  /** The account as a whole: aliases, password policy, security preferences. */
  account: (scope: { readonly account?: string | undefined } = {}) => ramArn<'ram:account'>(scope, '*'),
  actions: () => actionsOf('ram'),
  conditionKeys: () => conditionKeysOf('ram'),
} as const;

/** Security Token Service; what it acts on are RAM's roles. */
export const sts = {
  role: (role: RamEntity) => ramArn<'ram:role'>(role, `role/${role.name}`),
  actions: () => actionsOf('sts'),
  conditionKeys: () => conditionKeysOf('sts'),
} as const;

/**
 * An action of a service that the catalogue does not have, e.g. `otherAction('vpc:DescribeVpcs')`. For services it
 * has, write the action itself, so that it is checked.
 *
 * @throws PolicyError `InvalidArgument` when it is not of the form `<service>:<action>`
 */
export function otherAction<const Name extends `${string}:${string}`>(
  name: Name extends `${KnownService}:${string}` ? never : Name,
): OtherAction {
  const text: string = name;
  if (!/^[A-Za-z0-9-]+:[A-Za-z0-9_*?/.-]+$/.test(text))
    throw new PolicyError(
      'InvalidArgument',
      `${JSON.stringify(text)} is not of the form <service>:<action>.`,
    );
  return text as OtherAction;
}
