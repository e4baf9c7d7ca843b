import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWildcard } from '../model/wildcard.ts';
import { accessRequest, policySet } from '../test-support/arbitraries.ts';
import { compilePolicies } from './compile.ts';
import { evaluate } from './evaluate.ts';
import { resourceMatches } from './match.ts';
import { compileResource, compileWildcard, splitResource } from './pattern.ts';

/** Pairs of policies and requests; POLICY_PAIRS=100000 for the long run. */
const PAIRS = Number(process.env.POLICY_PAIRS ?? 10_000);

describe('compiled policies', () => {
  it('decide as the plain evaluator does', { timeout: 600_000 }, () => {
    const decisions = new Map<string, number>();
    fc.assert(
      fc.property(
        policySet,
        fc.array(accessRequest, { minLength: 5, maxLength: 5 }),
        (policies, requests) => {
          const decide = compilePolicies(policies);
          for (const request of requests) {
            const plain = evaluate(policies, request).decision;
            decisions.set(plain, (decisions.get(plain) ?? 0) + 1);
            expect(decide(request)).toBe(plain);
          }
        },
      ),
      { numRuns: Math.ceil(PAIRS / 5) },
    );
    // The property says nothing when the policies never meet the requests.
    for (const decision of ['Allow', 'ExplicitDeny', 'ImplicitDeny'])
      expect(decisions.get(decision) ?? 0).toBeGreaterThan(PAIRS / 50);
  });

  it('remember actions without remembering decisions', () => {
    const decide = compilePolicies({
      identity: [
        {
          Version: '1',
          Statement: [{ Effect: 'Allow', Action: ['kms:*'], Resource: ['acs:kms:*:1:key/a'] }],
        },
      ],
    });
    const ask = (resource: string) => decide({ action: 'kms:Decrypt', resource });
    expect([ask('acs:kms:x:1:key/a'), ask('acs:kms:x:1:key/b'), ask('acs:kms:x:1:key/a')]).toEqual([
      'Allow',
      'ImplicitDeny',
      'Allow',
    ]);
  });
});

const letters = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 12 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 10 });

/** What the two wildcards mean, said by the regular expression engine. */
function asRegExp(text: string): RegExp {
  return new RegExp(`^${text.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's');
}

describe('wildcards', () => {
  it('mean the same to the plain matcher, the compiled one and a regular expression', () => {
    fc.assert(
      fc.property(pattern, letters, (wanted, text) => {
        const expected = asRegExp(wanted).test(text);
        expect(matchesWildcard(wanted, text)).toBe(expected);
        expect(compileWildcard(wanted)(text)).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it('of resources mean the same compiled', () => {
    fc.assert(
      fc.property(pattern, letters, (wanted, text) => {
        expect(compileResource(wanted)(splitResource(text))).toBe(resourceMatches(wanted, text));
      }),
      { numRuns: 20_000 },
    );
  });

  it('do not explode on a pathological pattern', () => {
    const wanted = `${'*a'.repeat(2000)}*b`;
    const text = 'a'.repeat(20_000);
    expect(matchesWildcard(wanted, text)).toBe(false);
    expect(compileWildcard(wanted)(text)).toBe(false);
    expect(compileWildcard(wanted)(`${text}b`)).toBe(true);
  });
});
