/**
 * IP addresses and CIDR blocks, IPv4 and IPv6, as numbers.
 *
 * IPv4 addresses written inside IPv6 (`::ffff:10.0.0.1`) are the IPv4 address: a server that listens on both
 * families reports its IPv4 clients this way.
 */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface CidrBlock {
  readonly family: 4 | 6;
  /** The first address of the block, host bits cleared. */
  readonly network: bigint;
  /** Length of the prefix in bits. */
  readonly prefix: number;
  /** Whether the text had bits set to the right of the prefix, as in `10.0.0.1/8`. */
  readonly hostBitsSet: boolean;
}

/** Parses an address; undefined when it is not one. Leading zeros (`010.0.0.1`) are refused as ambiguous. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.includes(':')) {
    const value = parseIpv6(text);
    if (value === undefined) return undefined;
    if (value >> 32n === 0xffffn) return { family: 4, value: value & 0xffffffffn };
    return { family: 6, value };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { family: 4, value };
}

/** Parses `address` or `address/prefix`; undefined when it is neither. */
export function parseCidr(text: string): CidrBlock | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const mapped = address.family === 4 && text.includes(':');
  const bits = address.family === 4 ? 32 : 128;
  let prefix = bits;
  if (slash >= 0) {
    const digits = text.slice(slash + 1);
    if (!/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
    prefix = Number(digits) - (mapped ? 96 : 0);
    if (prefix < 0 || prefix > bits) return undefined;
  }
  const hostBits = BigInt(bits - prefix);
  const network = (address.value >> hostBits) << hostBits;
  return { family: address.family, network, prefix, hostBitsSet: network !== address.value };
}

export function cidrContains(block: CidrBlock, address: IpAddress): boolean {
  if (block.family !== address.family) return false;
  const hostBits = BigInt((block.family === 4 ? 32 : 128) - block.prefix);
  return address.value >> hostBits === block.network >> hostBits;
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  let source = text;
  let tail: bigint | undefined;
  if (source.includes('.')) {
    const colon = source.lastIndexOf(':');
    tail = parseIpv4(source.slice(colon + 1));
    if (tail === undefined) return undefined;
    source = `${source.slice(0, colon)}:${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const head = groups(halves[0]!);
  const rest = halves.length === 2 ? groups(halves[1]!) : [];
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<string>(missing).fill('0'), ...rest]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(`0x${group}`);
  }
  return value;
}
