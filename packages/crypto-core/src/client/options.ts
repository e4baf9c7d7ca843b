import { InvalidArgumentError } from '../errors.ts';
import type { AliyunEncoding } from '../header.ts';
import { type KeySource, resolveKeySource } from '../materials/key-source.ts';
import type { MaterialsManager } from '../materials/manager.ts';
import type { AlgorithmSuite, FormatName } from '../suites/suite.ts';
import { resolveSuite, type SuiteReference, suites } from '../suites/table.ts';
import { checkOptionNames, type OptionNames } from './option-names.ts';
import type { CommitmentPolicy } from './policies.ts';

export interface EncryptionClientOptions {
  /** The format to write. Default: that of `suite`, else `framed`. */
  readonly format?: FormatName | undefined;
  /** The suite to write with. A call may name another, of this format. Default: 0x0478 for `framed`, AES-256-GCM for `aliyun`. */
  readonly suite?: SuiteReference | undefined;
  /** Plaintext bytes per frame, 1 to 2^32 - 1. Default: 65,536. */
  readonly frameLength?: number | undefined;
  /**
   * `require` (the default): write and read only framed suites that commit to their key. `allow-decrypt`: read all of
   * them. `allow`: write all of them too. Commitment is a property of framed suites: **the aliyun format has none, and its
   * messages are read whatever this says**, so that whoever makes one can make it decrypt to different plaintexts for
   * holders of different keys. `formats: ['framed']` leaves that format out.
   */
  readonly commitmentPolicy?: CommitmentPolicy | undefined;
  /** The most encrypted data keys a message may have, written or read. Default: 10. */
  readonly maxEncryptedDataKeys?: number | undefined;
  /** The formats `decrypt` accepts. Default: both. */
  readonly formats?: readonly FormatName[] | undefined;
  /** Consent to the aliyun format's CBC and CTR algorithms, which do not notice a changed body. Default: false. */
  readonly allowUnauthenticated?: boolean | undefined;
  /**
   * The encoding of the aliyun format to write. Default: `message` (DER) from `encrypt`, `stream` from `encryptStream`,
   * which writes no other.
   */
  readonly encoding?: AliyunEncoding | undefined;
  /**
   * The most bytes that `decryptStream` holds while it waits for the tag that authenticates them: a frame, a non-framed
   * body, or all of an aliyun message, whose only tag stands at its end. A longer piece fails; of an aliyun message
   * `allowUnauthenticated` lets the plaintext out before the tag is checked instead.
   * Default: 67,108,864 (64 MiB).
   */
  readonly maxUnverifiedBytes?: number | undefined;
}

const sourceNames: OptionNames<KeySource> = { keyring: true, materials: true };
const clientOptionNames: OptionNames<EncryptionClientOptions> = {
  format: true,
  suite: true,
  frameLength: true,
  commitmentPolicy: true,
  maxEncryptedDataKeys: true,
  formats: true,
  allowUnauthenticated: true,
  encoding: true,
  maxUnverifiedBytes: true,
};

/** Options with every default filled in. */
export interface ClientSettings {
  readonly materials: MaterialsManager;
  readonly suite: AlgorithmSuite;
  /** Formats that a call may name a suite of. */
  readonly writableFormats: readonly FormatName[];
  readonly frameLength: number;
  readonly commitmentPolicy: CommitmentPolicy;
  readonly maxEncryptedDataKeys: number;
  readonly formats: readonly FormatName[];
  readonly allowUnauthenticated: boolean;
  readonly encoding?: AliyunEncoding | undefined;
  readonly maxUnverifiedBytes: number;
}

const formatNames: readonly FormatName[] = ['framed', 'aliyun'];
const commitmentPolicies: readonly CommitmentPolicy[] = ['require', 'allow-decrypt', 'allow'];
export const defaultFrameLength = 65_536;
export const defaultMaxEncryptedDataKeys = 10;
export const defaultMaxUnverifiedBytes = 64 * 1024 * 1024;
const encodings: readonly AliyunEncoding[] = ['message', 'stream'];

/** @throws {InvalidArgumentError} naming the option that cannot be used */
export function resolveSettings(source: KeySource, options: EncryptionClientOptions): ClientSettings {
  checkOptionNames(source, sourceNames);
  checkOptionNames(options, clientOptionNames);
  const format = options.format;
  if (format !== undefined) requireOneOf('format', format, formatNames);
  const suite = resolveSuite(options.suite ?? (format === 'aliyun' ? suites['0x0002'] : suites['0x0478']));
  if (format !== undefined && suite.format !== format) {
    throw new InvalidArgumentError(`suite ${suite.name} is of the ${suite.format} format, not ${format}`);
  }
  const commitmentPolicy = options.commitmentPolicy ?? 'require';
  requireOneOf('commitmentPolicy', commitmentPolicy, commitmentPolicies);
  const formats = options.formats ?? formatNames;
  if (!Array.isArray(formats) || formats.length === 0) {
    throw new InvalidArgumentError(`formats must be a non-empty array of: ${formatNames.join(', ')}`);
  }
  for (const name of formats) requireOneOf('formats', name, formatNames);
  return {
    materials: resolveKeySource(source),
    suite,
    writableFormats: format === undefined && formats.includes(suite.format) ? [...formats] : [suite.format],
    frameLength: requireInteger('frameLength', options.frameLength ?? defaultFrameLength, 0xffff_ffff),
    commitmentPolicy,
    maxEncryptedDataKeys: requireInteger(
      'maxEncryptedDataKeys',
      options.maxEncryptedDataKeys ?? defaultMaxEncryptedDataKeys,
      0xffff,
    ),
    formats: [...formats],
    allowUnauthenticated: options.allowUnauthenticated === true,
    encoding: requireEncoding(options.encoding),
    maxUnverifiedBytes: requireUnverifiedBytes(options.maxUnverifiedBytes ?? defaultMaxUnverifiedBytes),
  };
}

export function requireInteger(option: string, value: unknown, most: number): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
    throw new InvalidArgumentError(
      `${option} must be a whole number from 1 to ${most}, not ${String(value)}`,
    );
  }
  return value as number;
}

export function requireEncoding(encoding: unknown): AliyunEncoding | undefined {
  if (encoding !== undefined) requireOneOf('encoding', encoding, encodings);
  return encoding as AliyunEncoding | undefined;
}

export function requireUnverifiedBytes(value: unknown): number {
  return requireInteger('maxUnverifiedBytes', value, Number.MAX_SAFE_INTEGER);
}

export function requireOneOf(option: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string)) {
    throw new InvalidArgumentError(`${option} must be one of ${allowed.join(', ')}, not ${String(value)}`);
  }
}
