import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generate } from '../../scripts/generate-catalogue.ts';
import { parseArn } from '../model/arn.ts';
import { ecs, kms, oss, ram, sts } from '../write/services.ts';
import { conditionKeyKind, KNOWN_SERVICES, knownActions, serviceCatalogue } from './catalogue.ts';

describe('the catalogue', () => {
  it('is what generated.ts was generated from (npm run generate)', () => {
    expect(readFileSync(new URL('./generated.ts', import.meta.url), 'utf8')).toBe(generate());
  });

  it('names its sources and their dates', () => {
    for (const service of KNOWN_SERVICES)
      for (const { source, date, what } of serviceCatalogue(service).sources) {
        expect(source).not.toBe('');
        expect(what).not.toBe('');
        expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
      }
  });

  it.each(KNOWN_SERVICES)('of %s is coherent', (service) => {
    const { actions, resources, conditionKeys } = serviceCatalogue(service);
    for (const [name, action] of Object.entries(actions)) {
      expect(name).toMatch(/^[A-Z][A-Za-z0-9]+$/);
      expect(['read', 'list', 'write', 'permissions']).toContain(action.access);
      for (const type of action.resources ?? [])
        expect(Object.keys(resources), `${service}:${name}`).toContain(type);
      for (const key of action.conditionKeys ?? [])
        expect(key.startsWith('acs:') || Object.hasOwn(conditionKeys, key), `${service}:${name} ${key}`).toBe(
          true,
        );
      for (const dependent of action.dependents ?? [])
        expect(knownActions().map((entry) => entry.action)).toContain(dependent);
    }
    for (const { arn } of Object.values(resources)) expect(parseArn(arn)).toBeDefined();
  });

  it('knows the operations that the product stands on', () => {
    const all = new Set(knownActions().map(({ action }) => action));
    for (const action of [
      'kms:GenerateDataKey',
      'kms:Decrypt',
      'kms:AsymmetricSign',
      'kms:GetSecretValue',
      'oss:PutObject',
      'oss:ListObjects',
      'oss:AbortMultipartUpload',
      'ecs:AttachInstanceRamRole',
      'ecs:RunInstances',
      'ram:PassRole',
      'ram:CreateRole',
      'sts:AssumeRole',
    ])
      expect(all).toContain(action);
    expect(knownActions('ecs').length).toBeGreaterThan(350);
    expect(knownActions('kms').length).toBeGreaterThan(95);
    expect(knownActions('oss').length).toBeGreaterThan(130);
    expect(knownActions('ram').length).toBeGreaterThan(65);
  });

  // Read off the ECS pages that catalogue/ecs.json names, row by row.
  it.each([
    ['AllocateDedicatedHosts', 'write', ['dedicatedHost']],
    ['AttachNetworkInterface', 'write', ['networkInterface', 'instance']],
    ['CancelTask', 'write', []],
    ['CopySnapshot', 'write', ['snapshot']],
    ['CreateHpcCluster', 'write', ['hpcCluster']],
    ['CreateNetworkInterface', 'write', ['networkInterface', 'securityGroup', 'vpc:vswitch']],
    ['CreateSecurityGroup', 'write', ['securityGroup', 'vpc:vpc']],
    ['DeleteHpcCluster', 'write', []],
    ['DescribeAutoSnapshotPolicyEx', 'read', ['autoSnapshotPolicy']],
    ['DescribeDiskDefaultKMSKeyId', 'read', ['diskEncryptionDefaultConfig']],
    ['DescribeDisksFullStatus', 'list', ['disk']],
    ['DescribeImagePipelineExecutions', 'read', ['imagePipelineExecution', 'imagePipeline']],
    ['DescribeInstanceRamRole', 'read', ['instance', 'ram:role']],
    ['DescribePlanMaintenanceWindows', 'list', []],
    ['DescribeRenewalPrice', 'read', ['dedicatedHost', 'instance']],
    ['ModifyImageSharePermission', 'permissions', ['image']],
    ['ModifyInvocationAttribute', 'write', ['invocation', 'instance']],
    ['PurchaseElasticityAssurance', 'write', ['elasticityAssurance']],
    ['PurchaseStorageCapacityUnit', 'write', ['storageCapacityUnit']],
    ['ReleasePublicIpAddress', 'write', ['instance']],
    ['ReplaceSystemDisk', 'write', ['disk', 'image', 'instance']],
  ])('has what is documented of ecs:%s', (name, access, resources) => {
    const action = serviceCatalogue('ecs').actions[name];
    expect(action?.access).toBe(access);
    expect(action?.resources).toEqual(resources);
  });

  it('has the documented condition keys of ECS', () => {
    const { actions } = serviceCatalogue('ecs');
    expect(actions.CreateDisk?.conditionKeys).toEqual([
      'ecs:tag/*',
      'ecs:IsDiskByokEncrypted',
      'ecs:IsDiskEncrypted',
    ]);
    expect(actions.ModifyInstanceVpcAttribute?.conditionKeys).toEqual(['ecs:tag/*', 'vpc:tag/*', 'vpc:VPC']);
    expect(actions.ReInitDisk?.conditionKeys).toContain('ecs:PasswordCustomized');
    expect(actions.RunInstances?.conditionKeys).toContain('ecs:SecurityHardeningMode');
    expect(actions.AuthorizeSecurityGroup?.conditionKeys).toContain('ecs:SecurityGroupSourceCidrIps');
    expect(conditionKeyKind('ecs:PasswordCustomized')).toBe('boolean');
    expect(conditionKeyKind('ecs:IsDiskEncrypted')).toBe('string');
    expect(conditionKeyKind('vpc:IsDefaultVpc')).toBe('boolean');
    expect(conditionKeyKind('vpc:tag/owner')).toBe('string');
  });

  it('leaves the resource types open that no page names', () => {
    const { actions } = serviceCatalogue('ecs');
    for (const name of ['AllocateEipAddress', 'CreateVpc', 'CloneDisks', 'DescribeRegions'])
      expect(actions[name]?.resources, name).toBeNull();
  });

  it('knows what condition keys hold', () => {
    expect(conditionKeyKind('acs:SourceIp')).toBe('ip');
    expect(conditionKeyKind('acs:sourceip')).toBe('ip');
    expect(conditionKeyKind('kms:tag/Project')).toBe('string');
    expect(conditionKeyKind('oss:BucketTag')).toBe('string');
    expect(conditionKeyKind('kms:tags/Project')).toBeUndefined();
    expect(conditionKeyKind('rds:ResourceTag/x')).toBeUndefined();
    expect(conditionKeyKind('acs:toString')).toBeUndefined();
  });

  it('has a template function for each of its resource types', () => {
    const name = { name: 'n' };
    const id = { id: 'i' };
    const made: Record<string, Record<string, string>> = {
      kms: {
        key: kms.key(id),
        keyContainer: kms.keyContainer(),
        secret: kms.secret(name),
        secretContainer: kms.secretContainer(),
        alias: kms.alias(name),
        aliasContainer: kms.aliasContainer(),
        certificate: kms.certificate(id),
        certificateContainer: kms.certificateContainer(),
      },
      oss: {
        bucket: oss.bucket({ bucket: 'b' }),
        object: oss.object({ bucket: 'b', key: 'k' }),
        accessPoint: oss.accessPoint(name),
      },
      ecs: {
        instance: ecs.instance(id),
        disk: ecs.disk(id),
        snapshot: ecs.snapshot(id),
        image: ecs.image(id),
        securityGroup: ecs.securityGroup(id),
        keyPair: ecs.keyPair(name),
        volume: ecs.volume(id),
        dedicatedHost: ecs.dedicatedHost(id),
        command: ecs.command(id),
        networkInterface: ecs.networkInterface(id),
        launchTemplate: ecs.launchTemplate(id),
        autoSnapshotPolicy: ecs.autoSnapshotPolicy(id),
        snapshotGroup: ecs.snapshotGroup(id),
        imageComponent: ecs.imageComponent(id),
        imagePipeline: ecs.imagePipeline(id),
        imagePipelineExecution: ecs.imagePipelineExecution(id),
        dedicatedHostCluster: ecs.dedicatedHostCluster(id),
        deploymentSet: ecs.deploymentSet(id),
        hpcCluster: ecs.hpcCluster(id),
        autoProvisioningGroup: ecs.autoProvisioningGroup(id),
        capacityReservation: ecs.capacityReservation(id),
        elasticityAssurance: ecs.elasticityAssurance(id),
        reservedInstance: ecs.reservedInstance(id),
        storageCapacityUnit: ecs.storageCapacityUnit(id),
        portRangeList: ecs.portRangeList(id),
        prefixList: ecs.prefixList(id),
        activation: ecs.activation(id),
        invocation: ecs.invocation(id),
        serviceSettings: ecs.serviceSettings(id),
        diskEncryptionDefaultConfig: ecs.diskEncryptionDefaultConfig(),
        'ram:role': ram.role(name),
        'vpc:vswitch': ecs.vSwitch(id),
        'vpc:vpc': ecs.vpc(id),
      },
      ram: {
        account: ram.account(),
        user: ram.user(name),
        group: ram.group(name),
        role: ram.role(name),
        policy: ram.policy(name),
        mfa: ram.mfa(name),
        samlProvider: ram.samlProvider(name),
      },
      sts: { role: sts.role(name) },
    };
    for (const service of KNOWN_SERVICES)
      for (const [type, { arn }] of Object.entries(serviceCatalogue(service).resources)) {
        const expected = arn.replace(
          /\{(\w+)\}/g,
          (_, part: string) =>
            ({ region: '*', account: '*', id: 'i', name: 'n', bucket: 'b', key: 'k' })[part]!,
        );
        expect(made[service]![type], `${service}:${type}`).toBe(expected);
      }
  });
});
