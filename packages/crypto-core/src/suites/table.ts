import { InvalidArgumentError } from '../errors.ts';
import { aliyunSuites } from './aliyun.ts';
import { framedSuites } from './framed.ts';
import type { AlgorithmSuite } from './suite.ts';

const byHexId = { ...framedSuites, ...aliyunSuites };

/** A suite's id as four hex digits, for example `0x0478`. */
export type SuiteId = keyof typeof byHexId;
/** A suite's name, for example `ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY`. */
export type SuiteName = (typeof byHexId)[SuiteId]['name'];
/** How callers name a suite: hex id, name, number, or the suite itself. */
export type SuiteReference = SuiteId | SuiteName | number | AlgorithmSuite;

/**
 * Every algorithm suite of both formats, by hex id and by name:
 * `suites['0x0478']` is `suites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY`.
 */
export const suites: Readonly<Record<SuiteId | SuiteName, AlgorithmSuite>> = Object.freeze({
  ...byHexId,
  ...(Object.fromEntries(Object.values(byHexId).map((suite) => [suite.name, suite])) as Record<
    SuiteName,
    AlgorithmSuite
  >),
});

const byNumber: ReadonlyMap<number, AlgorithmSuite> = new Map(
  Object.values(byHexId).map((suite) => [suite.id, suite]),
);

/** The suite with this number, or undefined. The two formats' numbers do not overlap. */
export function suiteById(id: number): AlgorithmSuite | undefined {
  return byNumber.get(id);
}

/**
 * The suite a caller named.
 *
 * @throws {InvalidArgumentError} when there is no such suite
 */
export function resolveSuite(reference: SuiteReference): AlgorithmSuite {
  const found =
    typeof reference === 'number'
      ? byNumber.get(reference)
      : typeof reference === 'string'
        ? Object.hasOwn(suites, reference)
          ? suites[reference]
          : undefined
        : byNumber.get(reference?.id);
  if (found === undefined) {
    const given = typeof reference === 'object' ? 'the object given as suite' : `suite ${String(reference)}`;
    throw new InvalidArgumentError(
      `${given} is not an algorithm suite; pass one of: ${Object.keys(byHexId).join(', ')}, or its name`,
    );
  }
  return found;
}
