import { isIP } from 'node:net';
import { LocalCloudError } from '../errors.ts';

/**
 * Makes sure that a listener is reachable from this machine alone, unless that was consented to.
 *
 * @throws LocalCloudError `AddressRefused`
 */
export function checkAddress(host: string, allowRemoteClients: boolean): void {
  const version = isIP(host);
  const loopback =
    version === 4 ? host.startsWith('127.') : version === 6 ? host === '::1' : host === 'localhost';
  if (loopback || allowRemoteClients) return;
  throw new LocalCloudError(
    'AddressRefused',
    `${host} is not a loopback address: whoever could reach it there could use this cloud, and it hands out credentials to anybody who asks its metadata service; say allowRemoteClients to listen there all the same`,
  );
}

/**
 * Reads an address for the metadata service. Its own well-known one, 100.100.100.200, is reachable from the instance (or
 * network namespace) alone.
 *
 * @throws LocalCloudError `AddressRefused`
 */
export function parseMetadataAddress(
  address: string,
  allowRemoteClients: boolean,
): { host: string; port: number } {
  const match = /^(\[[0-9a-f:]+\]|[^:]+)(?::(\d{1,5}))?$/i.exec(address);
  const host = match?.[1]?.replace(/^\[|\]$/g, '') ?? '';
  const port = Number(match?.[2] ?? 80);
  if (isIP(host) === 0 || port > 65_535)
    throw new LocalCloudError(
      'AddressRefused',
      `${JSON.stringify(address)} is no address of the form 100.100.100.200:80`,
    );
  if (host !== '100.100.100.200') checkAddress(host, allowRemoteClients);
  return { host, port };
}
