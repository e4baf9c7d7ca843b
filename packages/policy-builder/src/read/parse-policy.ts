import { PolicyError } from '../errors.ts';
import type { Policy } from '../model/policy.ts';
import { decodePolicy } from './decode-policy.ts';

/**
 * Reads a policy from JSON text or from a value.
 *
 * @throws PolicyError `INVALID_JSON` or `INVALID_POLICY`, with every issue
 */
export function parsePolicy(source: unknown): Policy {
  if (typeof source !== 'string') return decodePolicy(source);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new PolicyError('INVALID_JSON', `Not JSON: ${(error as Error).message}`);
  }
  return decodePolicy(value);
}
