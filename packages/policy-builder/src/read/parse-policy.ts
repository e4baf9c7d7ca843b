import { describeIssue, PolicyError, type PolicyIssue } from '../errors.ts';
import type { Policy } from '../model/policy.ts';
import { decodePolicy } from './decode-policy.ts';
import { contextSteps, issueOf, type PathStep } from './issues.ts';
import { type JsonNode, readJson, type SyntaxMistake, treeValue } from './json-tree.ts';
import { PolicyCodec, type PolicyValidationError } from './policy-codec.ts';
import { linePositions, type TextPosition } from './text-position.ts';

/**
 * Reads a policy from JSON text, or from a value that has been parsed already.
 *
 * Everything that is wrong is reported at once. Issues of a text carry line, column and offset.
 *
 * @throws PolicyError `InvalidJson` when the text is not JSON, `InvalidPolicy` when it is not a policy; both with
 * every issue
 */
export function parsePolicy(source: unknown): Policy {
  if (typeof source !== 'string') return decodePolicy(source);
  const { policy, mistakes, issues } = readPolicy(source);
  if (policy !== undefined && issues.length === 0) return policy;
  throw policyError(mistakes, issues);
}

/** The error for a text with issues. */
export function policyError(mistakes: readonly SyntaxMistake[], issues: readonly PolicyIssue[]): PolicyError {
  const shown = issues.slice(0, 10).map(describeIssue).join(' ');
  const rest = issues.length > 10 ? ` And ${issues.length - 10} more.` : '';
  return mistakes.length > 0
    ? new PolicyError('InvalidJson', `Not JSON. ${shown}${rest}`, issues)
    : new PolicyError('InvalidPolicy', `Not a RAM policy. ${shown}${rest}`, issues);
}

function readPolicy(text: string): {
  readonly policy: Policy | undefined;
  readonly mistakes: readonly SyntaxMistake[];
  readonly issues: readonly PolicyIssue[];
} {
  const { root, mistakes } = readJson(text);
  const positionOf = linePositions(text);
  const issues = mistakes.map((mistake) => syntaxIssue(mistake, root, positionOf));
  if (root === undefined) return { policy: undefined, mistakes, issues };
  const result = PolicyCodec.decode(treeValue(root));
  const policy = result._tag === 'Right' ? result.right : undefined;
  if (result._tag === 'Left')
    for (const error of result.left)
      issues.push(placeIssue(error as PolicyValidationError, root, positionOf));
  issues.sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
  return { policy, mistakes, issues };
}

export function syntaxIssue(
  mistake: SyntaxMistake,
  root: JsonNode | undefined,
  positionOf: (offset: number) => TextPosition,
): PolicyIssue {
  const { code, offset, message, expected, suggestion } = mistake;
  return {
    code,
    path: pathAt(root, offset),
    message,
    expected,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...positionOf(offset),
    offset,
  };
}

/** An error of the codec with its position: of the name when the name is wrong, otherwise of the value. */
export function placeIssue(
  error: PolicyValidationError,
  root: JsonNode,
  positionOf: (offset: number) => TextPosition,
): PolicyIssue {
  const place = locate(root, contextSteps(error.context));
  const offset = error.inKey ? (place.member ?? place.node.start) : place.node.start;
  return { ...issueOf(error), ...positionOf(offset), offset };
}

interface Place {
  readonly node: JsonNode;
  /** Offset of the member's name, when the node is a member of an object. */
  readonly member: number | undefined;
}

/** The node at a path; where the path leaves the tree, the last node on it. */
export function locate(root: JsonNode, steps: readonly PathStep[]): Place {
  let place: Place = { node: root, member: undefined };
  for (const step of steps) {
    const { node } = place;
    if (node.kind === 'object') {
      const member = node.members.findLast((candidate) => candidate.key === step);
      if (member === undefined) break;
      const value = member.value ?? { kind: 'scalar', start: member.start, end: member.keyEnd, value: null };
      place = { node: value, member: member.start };
    } else if (node.kind === 'array') {
      const item = node.items[Number(step)];
      if (item === undefined) break;
      place = { node: item, member: undefined };
    }
  }
  return place;
}

/** The path of the innermost value around an offset. */
function pathAt(root: JsonNode | undefined, offset: number): string {
  let path = '$';
  let node = root;
  while (node !== undefined) {
    if (node.kind === 'array') {
      const index = node.items.findIndex((item) => item.start <= offset && offset < item.end);
      node = node.items[index];
      if (node !== undefined) path += `[${index}]`;
    } else if (node.kind === 'object') {
      const member = node.members.find(
        (candidate) => candidate.start <= offset && offset < (candidate.value?.end ?? candidate.keyEnd),
      );
      if (member === undefined) break;
      path += /^[A-Za-z_]\w*$/.test(member.key) ? `.${member.key}` : `[${JSON.stringify(member.key)}]`;
      node = member.value;
    } else break;
  }
  return path;
}
