import { randomUUID } from 'node:crypto';

/** RPC services give a UUID in upper case. */
export function newRequestId(): string {
  return randomUUID().toUpperCase();
}
