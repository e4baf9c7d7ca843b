import { aliyunFormat } from '../aliyun/format.ts';
import { MalformedMessageError, TruncatedMessageError } from '../errors.ts';
import type { MessageFormat } from '../format.ts';
import { framedFormat } from '../framed/format.ts';
import type { FormatName } from '../suites/suite.ts';

const formats: readonly MessageFormat[] = [framedFormat, aliyunFormat];

/**
 * The format of a message, by its first byte.
 *
 * @throws {TruncatedMessageError} when there is no byte
 * @throws {MalformedMessageError} when no format starts like this
 */
export function detectFormat(message: Uint8Array): MessageFormat {
  const [first] = message;
  if (first === undefined) throw new TruncatedMessageError('its first byte', 0, 1);
  const format = formats.find((candidate) => candidate.startsWith(first));
  if (format === undefined) {
    const base64 = first === 0x41 ? '; it may be Base64 text, which must be decoded first' : '';
    throw new MalformedMessageError(
      `no message format starts with 0x${first.toString(16).padStart(2, '0')}${base64}`,
      0,
    );
  }
  return format;
}

export function formatNamed(name: FormatName): MessageFormat {
  return formats.find((format) => format.name === name)!;
}
