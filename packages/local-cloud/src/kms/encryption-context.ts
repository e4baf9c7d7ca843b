import type { Parameters } from '../http/parameters.ts';
import type { CanonicalContext } from './ciphertext-blob.ts';
import { kmsError } from './errors.ts';

/** The largest encryption context, in bytes of JSON. */
const maxLength = 8192;

/**
 * The encryption context of a call: a JSON object of strings, whose order says nothing. The official Node.js client,
 * when it is given an object and not JSON, sends `EncryptionContext.<key>=<value>`; that is the same.
 *
 * @throws ServiceError `InvalidParameter`
 */
export function readEncryptionContext(parameters: Parameters, name = 'EncryptionContext'): CanonicalContext {
  const text = parameters.optional(name);
  const entries = [
    ...(text === undefined ? [] : parseEntries(text, name)),
    ...flattenedEntries(parameters, name),
  ];
  // An empty object is the same as none.
  if (entries.length === 0) return '';
  if (new Set(entries.map(([key]) => key)).size < entries.length)
    throw kmsError.invalid(name, 'one of its keys is given twice');
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseEntries(text: string, name: string): [string, string][] {
  if (Buffer.byteLength(text) > maxLength)
    throw kmsError.invalid(name, `it has more than ${maxLength} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw kmsError.invalid(name, 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw kmsError.invalid(name, 'it is not a JSON object');
  return Object.entries(value).map(([key, one]) => {
    if (typeof one !== 'string')
      throw kmsError.invalid(name, `the value of ${JSON.stringify(key)} is not a string`);
    return [key, one];
  });
}

function flattenedEntries(parameters: Parameters, name: string): [string, string][] {
  const prefix = `${name}.`;
  return Array.from(parameters.all)
    .filter(([parameter]) => parameter.startsWith(prefix))
    .map(([parameter, value]) => [parameter.slice(prefix.length), value]);
}
