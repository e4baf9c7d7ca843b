/**
 * IP addresses and CIDR blocks, IPv4 and IPv6, as numbers.
 *
 * IPv4 addresses written inside IPv6 (`::ffff:10.0.0.1`) are the IPv4 address: a server that listens on both
 * families reports its IPv4 clients this way.
 */
export type IpAddress = Ipv4Address | Ipv6Address;

interface Ipv4Address {
  readonly family: 4;
  /** Unsigned, 32 bits. */
  readonly value: number;
}

interface Ipv6Address {
  readonly family: 6;
  readonly value: bigint;
}

/** A block of addresses; `first` has its host bits cleared. */
export interface CidrBlock {
  readonly first: IpAddress;
  /** Length of the prefix in bits. */
  readonly prefix: number;
  /** Whether the text had bits set to the right of the prefix, as in `10.0.0.1/8`. */
  readonly hostBitsSet: boolean;
}

/** Parses an address; undefined when it is not one. Leading zeros (`010.0.0.1`) are refused as ambiguous. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { family: 4, value: Number(value & 0xffffffffn) } : { family: 6, value };
}

/** Parses `address` or `address/prefix`; undefined when it is neither. */
export function parseCidr(text: string): CidrBlock | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  let prefix = bits;
  if (slash >= 0) {
    const digits = text.slice(slash + 1);
    if (!/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
    const mappedBits = address.family === 4 && text.includes(':') ? 96 : 0;
    prefix = Number(digits) - mappedBits;
    if (prefix < 0 || prefix > bits) return undefined;
  }
  const first = networkOf(address, prefix);
  return { first, prefix, hostBitsSet: first.value !== address.value };
}

export function cidrContains(block: CidrBlock, address: IpAddress): boolean {
  return (
    block.first.family === address.family && networkOf(address, block.prefix).value === block.first.value
  );
}

/** The address with everything behind the prefix cleared. */
function networkOf(address: IpAddress, prefix: number): IpAddress {
  if (address.family === 4) {
    // A shift by 32 is a shift by 0 in JavaScript.
    const mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
    return { family: 4, value: (address.value & mask) >>> 0 };
  }
  const hostBits = BigInt(128 - prefix);
  return { family: 6, value: (address.value >> hostBits) << hostBits };
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    const octet = Number(part);
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  let source = text;
  if (source.includes('.')) {
    const colon = source.lastIndexOf(':');
    const tail = parseIpv4(source.slice(colon + 1));
    if (tail === undefined) return undefined;
    source = `${source.slice(0, colon)}:${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
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
