#!/usr/bin/env node
import { openSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { AuditEvent } from './audit/audit-log.ts';
import { describeCloud } from './cli/describe-cloud.ts';
import { LocalCloudError } from './errors.ts';
import type { LocalCloud, LocalCloudOptions } from './local-cloud.ts';
import { readSeedFile } from './seed/seed-file.ts';
import { startLocalCloud } from './start.ts';

interface Flags {
  readonly seed?: string;
  readonly port?: number;
  readonly host?: string;
  readonly allowRemoteClients?: boolean;
  readonly imdsAddress?: string;
  readonly dataDir?: string;
  readonly auditLog?: string;
  readonly credentialSeconds?: number;
  readonly explainRefusals?: boolean;
  readonly tls?: boolean;
  readonly json?: boolean;
}

const wholeNumber = (min: number, max: number) => (text: string) => {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  return value;
};

const program = new Command('yunseal-local-cloud')
  .description(
    'A local stand-in for Alibaba Cloud IMDS, STS, RAM, KMS, OSS and ECS that enforces RAM policies',
  )
  .option('--seed <file>', 'accounts, users, keys, roles, policies, buckets to start with, in YAML')
  .option('--port <n>', 'the first of seven ports in a row; free ones when absent', wholeNumber(1, 65_529))
  .option('--host <address>', 'a loopback address to listen on (default: 127.0.0.1)')
  .option('--allow-remote-clients', 'consent to a --host that other machines can reach')
  .option(
    '--imds-address <address>',
    'where the metadata service listens, such as 100.100.100.200:80 in a network namespace',
  )
  .option('--data-dir <folder>', 'keep the state here, across restarts; in memory when absent')
  .option(
    '--audit-log <file>',
    "append every call to this file, in ActionTrail's shape, one JSON object a line",
  )
  .option(
    '--credential-seconds <n>',
    "life of the metadata service's credentials (default: 3600)",
    wholeNumber(60, 43_200),
  )
  .option('--explain-refusals', 'say in the error message which statement refused')
  .option('--tls', 'serve HTTPS under a certificate authority of its own')
  .option('--json', 'print endpoints and credentials as one JSON object')
  .action(run);

async function run(flags: Flags): Promise<void> {
  let cloud: LocalCloud;
  try {
    cloud = await startLocalCloud(await optionsOf(flags));
  } catch (error) {
    if (!(error instanceof LocalCloudError)) throw error;
    process.stderr.write(`yunseal-local-cloud: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const stop = () => void cloud.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  process.stdout.write(describeCloud(cloud, flags.json === true));
}

async function optionsOf(flags: Flags): Promise<LocalCloudOptions> {
  return {
    port: flags.port,
    host: flags.host,
    allowRemoteClients: flags.allowRemoteClients,
    imdsAddress: flags.imdsAddress,
    dataDir: flags.dataDir,
    seed: flags.seed === undefined ? undefined : await readSeedFile(flags.seed),
    instanceCredentialSeconds: flags.credentialSeconds,
    explainRefusals: flags.explainRefusals,
    onAuditEvent: flags.auditLog === undefined ? undefined : auditWriter(flags.auditLog),
    tls: flags.tls,
    admin: true,
  };
}

function auditWriter(path: string): (event: AuditEvent) => void {
  let file: number;
  try {
    file = openSync(path, 'a', 0o600);
  } catch (cause) {
    throw new LocalCloudError(
      'AuditLog',
      `the audit log ${path} cannot be written: ${(cause as Error).message}`,
      { cause },
    );
  }
  return (event) => writeSync(file, `${JSON.stringify(event)}\n`);
}

await program.parseAsync();
