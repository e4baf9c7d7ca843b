/** `error`: wrong or dangerous; `warning`: probably not what was meant; `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  /** Stable name of the rule, e.g. `pass-role-on-everything`. */
  readonly code: FindingCode;
  readonly severity: Severity;
  /** JSON path in the policy, e.g. `$.Statement[0].Action[1]`. */
  readonly path: string;
  /** What is wrong and why it matters. */
  readonly explanation: string;
  /** What to do, where that is plain. */
  readonly fix?: string | undefined;
  /** 1-based; only where a text was linted. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** Every rule: what it is about, for SARIF and for people. */
export const RULES = {
  'invalid-policy': 'The text is no RAM policy',
  'full-administration': 'Every action on every resource is allowed',
  'broad-service-grant': 'Every action of a service is allowed on everything',
  'allow-not-action': 'Everything but some actions is allowed',
  'allow-not-resource': 'Everything but some resources is allowed',
  'pass-role-on-everything': 'Any role can be passed to a service',
  'escalation-pass-role': 'A role can be passed to an instance that the same policy lets one create',
  'escalation-permissions': 'Permissions can be changed, and with them one’s own',
  'open-trust': 'Anybody, or a service of any account, can assume the role',
  'public-bucket': 'Everybody has access to the bucket',
  'allow-not-principal': 'Everybody but some is allowed',
  'unknown-action': 'The service has no such action',
  'action-matches-nothing': 'The pattern covers no action of the service',
  'unsupported-resource': 'None of the actions works on this type of resource',
  'resource-matches-nothing': 'No resource of the service has a name of this form',
  'redundant-statement': 'Another statement says the same or more',
  'shadowed-statement': 'A deny takes back all that the statement allows',
  'redundant-value': 'Another value of the list covers this one',
  'unknown-condition-key': 'There is no such condition key',
  'unsupported-condition-key': 'None of the actions supplies this condition key',
  'wrong-key-kind': 'The operator does not fit what the key holds',
  'invalid-cidr': 'The value is no IP address or CIDR block',
  'cidr-host-bits': 'The CIDR block has bits set behind its prefix',
  'invalid-date': 'The value is no ISO 8601 date',
  'invalid-number': 'The value is no number',
  'invalid-boolean': 'The value is neither true nor false',
  'wildcard-not-interpreted': 'The operator takes * and ? as plain characters',
  'condition-never-holds': 'The conditions exclude each other',
  'absent-key-allows': 'A negated condition holds when the request does not have the key',
  placeholder: 'A placeholder was left in the policy',
  'missing-dependent-action': 'The operation needs another action as well',
  'policy-too-long': 'The policy is longer than RAM takes',
} as const;

export type FindingCode = keyof typeof RULES;

export type Report = (
  code: FindingCode,
  severity: Severity,
  path: string,
  explanation: string,
  fix?: string | undefined,
) => void;
