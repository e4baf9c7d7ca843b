import { spawnSync } from 'node:child_process';

/** The metadata service's fixed address. */
export const metadataAddress = { host: '100.100.100.200', port: 80 } as const;

/** Runs the command that follows in a network of its own, with that address on its loopback. Linux only. */
export const inMetadataNamespace: readonly [string, ...string[]] = [
  'unshare',
  '--user',
  '--map-root-user',
  '--net',
  'sh',
  '-c',
  `ip link set lo up && ip addr add ${metadataAddress.host}/32 dev lo && exec "$@"`,
  'sh',
];

export function namespacesWork(): boolean {
  const [command, ...args] = inMetadataNamespace;
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}
