import type { PolicyIssue } from '../errors.ts';
import type { Policy } from '../model/policy.ts';
import { contextSteps } from './issues.ts';
import { type JsonNode, readJson, treeValue } from './json-tree.ts';
import { locate, placeIssue, policyError, syntaxIssue } from './parse-policy.ts';
import { PolicyCodec, type PolicyValidationError } from './policy-codec.ts';
import { linePositions } from './text-position.ts';

/** Something {@link repairPolicy} changed: the issue, and in words what was done about it. */
export interface PolicyChange extends PolicyIssue {
  readonly change: string;
}

export interface RepairedPolicy {
  readonly policy: Policy;
  /** Empty when the text was a policy already. In the order in which the changes were made. */
  readonly changes: readonly PolicyChange[];
}

/** Each round can bring to light what the one before had hidden. A text that needs more is no policy. */
const MAX_ROUNDS = 1000;

/**
 * Reads a policy that has mistakes and corrects those whose correction is plain: commas, comments, brackets,
 * blanks in names, a single statement without its list, `2012-10-17`, AWS names of operators, keys and ARNs, an
 * action written as an element. It never grants anything that the text does not say: a missing Effect, Action or
 * Resource is not invented.
 *
 * @throws PolicyError `InvalidJson` or `InvalidPolicy` with what it cannot correct
 */
export function repairPolicy(text: string): RepairedPolicy {
  const { root, mistakes } = readJson(text);
  const positionOf = linePositions(text);
  const changes: PolicyChange[] = [];
  const hopeless: PolicyIssue[] = [];
  for (const mistake of mistakes) {
    const issue = syntaxIssue(mistake, root, positionOf);
    if (mistake.understood) changes.push({ ...issue, change: SYNTAX_CHANGES[mistake.code] ?? 'corrected' });
    else hopeless.push(issue);
  }
  if (root === undefined || hopeless.length > 0) throw policyError(mistakes, hopeless);

  let tree: JsonNode = root;
  for (let round = 1; ; round++) {
    const result = PolicyCodec.decode(treeValue(tree));
    if (result._tag === 'Right') return { policy: result.right, changes };
    const errors = result.left as PolicyValidationError[];
    const before = errors.map((error) => placeIssue(error, tree, positionOf));
    let progress = false;
    for (const [index, error] of errors.entries()) {
      const repaired = repair(tree, error);
      if (repaired === undefined) continue;
      tree = repaired.tree;
      changes.push({ ...before[index]!, change: repaired.change });
      progress = true;
    }
    if (!progress || round >= MAX_ROUNDS) throw policyError([], before);
  }
}

const SYNTAX_CHANGES: Readonly<Record<string, string>> = {
  'trailing-comma': 'removed the comma',
  'extra-comma': 'removed the comma',
  'missing-comma': 'added a comma',
  comment: 'removed the comment',
  'missing-brace': 'added }',
  'missing-bracket': 'added ]',
  'wrong-quotes': 'put it in straight quotation marks',
  'unquoted-name': 'put the name in quotation marks',
  'missing-value': 'took it for a name without a value',
  'control-character': 'kept the character, escaped',
  'wrong-blank': 'made them plain blanks',
  'wrong-escape': 'removed the backslash',
  'duplicate-key': 'kept the last one',
};

/** Corrects one mistake in the tree; undefined when its correction is not plain (or was made already). */
function repair(
  tree: JsonNode,
  error: PolicyValidationError,
): { readonly tree: JsonNode; readonly change: string } | undefined {
  const steps = contextSteps(error.context);
  const last = steps.at(-1);
  const parent = last === undefined ? undefined : locate(tree, steps.slice(0, -1)).node;
  const wanted = error.suggestion;
  const done = (change: string, changed: JsonNode = tree) => ({ tree: changed, change });

  if (error.code === 'missing-element' && error.expected === 'Version') {
    if (tree.kind !== 'object') return undefined;
    tree.members.unshift({ key: 'Version', start: tree.start, keyEnd: tree.start, value: scalar('1', tree) });
    return done('added "Version": "1"');
  }
  if (parent === undefined || last === undefined) return undefined;
  if (parent.kind === 'object') {
    const member = parent.members.findLast((candidate) => candidate.key === last);
    if (member === undefined) return undefined;
    if (error.code === 'aws-element') {
      parent.members.splice(parent.members.indexOf(member), 1);
      return done(`removed ${last}`);
    }
    if (error.code === 'action-as-element') {
      member.key = 'Action';
      member.value = scalar(last, member.value ?? { start: member.start, end: member.keyEnd });
      return done(`made it "Action": ${JSON.stringify(last)}`);
    }
    if (error.code === 'statement-not-a-list' && member.value !== undefined) {
      const { start, end } = member.value;
      member.value = { kind: 'array', start, end, items: [member.value] };
      return done('put the statement in a list');
    }
    if (wanted === undefined) return undefined;
    if (error.inKey) {
      const key = JSON.parse(wanted) as string;
      if (parent.members.some((candidate) => candidate.key === key)) return undefined;
      member.key = key;
      return done(`renamed ${JSON.stringify(last)} to ${wanted}`);
    }
    if (error.code === 'missing-element' || member.value === undefined) return undefined;
    member.value = scalar(JSON.parse(wanted) as string, member.value);
    return done(`wrote ${wanted}`);
  }
  if (parent.kind === 'array' && wanted !== undefined && error.code !== 'missing-element') {
    const index = Number(last);
    const item = parent.items[index];
    if (item === undefined || item.kind !== 'scalar') return undefined;
    parent.items[index] = scalar(JSON.parse(wanted) as string, item);
    return done(`wrote ${wanted}`);
  }
  return undefined;
}

function scalar(value: string, place: { readonly start: number; readonly end: number }): JsonNode {
  return { kind: 'scalar', start: place.start, end: place.end, value };
}
