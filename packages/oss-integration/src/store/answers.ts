import type * as t from 'io-ts';
import { type RequestFacts, StoreServiceError } from '../errors.ts';
import { formatValidationErrors } from '../validation.ts';

/** Decode an answer of the service; the error names the path that is wrong. */
export function decodeAnswer<A>(codec: t.Decoder<unknown, A>, answer: unknown, facts: RequestFacts): A {
  const decoded = codec.decode(answer);
  if (decoded._tag === 'Right') return decoded.right;
  throw new StoreServiceError(
    `the answer makes no sense at ${formatValidationErrors(decoded.left)}`,
    facts,
    true,
  );
}
