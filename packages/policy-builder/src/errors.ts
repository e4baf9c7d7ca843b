/** Stable codes of {@link PolicyError}. */
export type PolicyErrorCode =
  | 'InvalidJson'
  | 'InvalidPolicy'
  | 'PolicyTooLong'
  | 'IncompleteStatement'
  | 'InvalidArgument';

/** One thing wrong with a policy, and where. */
export interface PolicyIssue {
  /** Stable name of the kind of mistake, e.g. `unknown-element`. */
  readonly code: string;
  /** JSON path of the offending value, e.g. `$.Statement[0].Action[1]`. */
  readonly path: string;
  /** A sentence for a person. */
  readonly message: string;
  /** What would have been right. */
  readonly expected: string;
  /** Where that is plain: what to write instead, as JSON, or `remove …`. */
  readonly suggestion?: string | undefined;
  /** 1-based line in the text that was parsed; absent when a value was given instead of text. */
  readonly line?: number | undefined;
  /** 1-based column, in UTF-16 code units as editors count them. */
  readonly column?: number | undefined;
  /** 0-based offset in the text, in UTF-16 code units. */
  readonly offset?: number | undefined;
}

/**
 * What every function of this package throws for a policy that is not one.
 * `issues` holds everything that is wrong, in the order of the text.
 */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly code: PolicyErrorCode;
  readonly issues: readonly PolicyIssue[];

  constructor(code: PolicyErrorCode, message: string, issues: readonly PolicyIssue[] = []) {
    super(message);
    this.code = code;
    this.issues = Object.freeze([...issues]);
  }
}

/** One line for an issue: where, what, and what to write instead. */
export function describeIssue(issue: PolicyIssue): string {
  const where = issue.line === undefined ? issue.path : `${issue.line}:${issue.column} ${issue.path}`;
  return `${where}: ${[issue.message, suggestionSentence(issue.suggestion)].filter(Boolean).join(' ')}`;
}

/** A suggestion as a sentence; undefined when there is none. */
export function suggestionSentence(suggestion: string | undefined): string | undefined {
  if (suggestion === undefined) return undefined;
  return suggestion.startsWith('remove ')
    ? `${suggestion.replace('remove', 'Remove')}.`
    : `Write ${suggestion}.`;
}
