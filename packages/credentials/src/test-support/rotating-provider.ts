import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Credentials, type CredentialsProvider, snapshotOf } from '../credentials.ts';

/**
 * A provider whose credential is replaced by a call, and that remembers them all. It answers one turn of the event loop later,
 * as one that waits for a refresh does, so a client that reads three times waits between: the hardest case for a reader.
 */
export interface RotatingProvider extends CredentialsProvider {
  rotate(): void;
  readonly rotations: number;
  readonly issued: ReadonlyMap<string, { readonly secret: string; readonly token: string }>;
}

export function rotatingProvider(): RotatingProvider {
  const issued = new Map<string, { secret: string; token: string }>();
  let current: Credentials;
  let rotations = 0;
  const rotate = () => {
    rotations += 1;
    const [id, secret, token] = [`STS.${rotations}`, `secret-${rotations}`, `token-${rotations}`];
    issued.set(id, { secret, token });
    current = snapshotOf({ accessKeyId: id, accessKeySecret: secret, securityToken: token }, 'rotating');
  };
  rotate();
  return {
    getCredentials: async () => {
      await nextTurn();
      return current;
    },
    rotate,
    get rotations() {
      return rotations;
    },
    issued,
  };
}
