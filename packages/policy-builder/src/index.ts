export { canonicalPolicy, equalPolicies } from './analyse/canonical.ts';
export { diffPolicies, type PolicyDifference, type ValueDifference } from './analyse/diff.ts';
export {
  type LeastPrivilegeOptions,
  leastPrivilege,
  type ObservedCall,
  type TrailEvent,
} from './analyse/least-privilege.ts';
export { formatPermissions, type Permission, whoCan } from './analyse/who-can.ts';
export {
  type AccessLevel,
  type CatalogueAction,
  type KnownActionEntry,
  knownActions,
  type ServiceCatalogue,
  serviceCatalogue,
} from './catalogue/catalogue.ts';
export type { KnownService } from './catalogue/generated.ts';
export { PolicyError, type PolicyErrorCode, type PolicyIssue } from './errors.ts';
export { type CompiledPolicies, compilePolicies } from './judge/compile.ts';
export type { RequestContext } from './judge/condition.ts';
export {
  type Decision,
  type Evaluation,
  evaluate,
  type PolicyInput,
  type PolicyInputs,
  type PolicySet,
} from './judge/evaluate.ts';
export type {
  ConditionExplanation,
  ElementExplanation,
  Explanation,
  StatementExplanation,
} from './judge/explain.ts';
export type { RequestPrincipal } from './judge/match.ts';
export type { AccessRequest, PolicySource } from './judge/statement.ts';
export { type Finding, type FindingCode, RULES, type Severity } from './lint/finding.ts';
export { lintPolicy, lintPolicyText } from './lint/lint-policy.ts';
export { type FileFindings, type SarifLog, type SarifResult, type SarifRun, toSarif } from './lint/sarif.ts';
export type { ConditionOperator } from './model/condition-operators.ts';
export type {
  ConditionBlock,
  Effect,
  Policy,
  PolicyDocument,
  PolicyJson,
  PrincipalMap,
  Statement,
  StatementPrincipal,
} from './model/policy.ts';
export { parsePolicy } from './read/parse-policy.ts';
export { PolicyCodec } from './read/policy-codec.ts';
export { type PolicyChange, type RepairedPolicy, repairPolicy } from './read/repair-policy.ts';
export * as templates from './templates.ts';
export { bucketPolicy, policy, sessionPolicy, trustPolicy } from './write/policy.ts';
export {
  checkPolicySize,
  MAX_POLICY_CHARACTERS,
  type PolicyKind,
  policySize,
} from './write/policy-size.ts';
export {
  account,
  anyone,
  federated,
  type Principal,
  type RamIdentity,
  role,
  roleSession,
  service,
  uid,
  user,
} from './write/principal.ts';
export { ecs, kms, oss, otherAction, type ResourceScope, ram, sts } from './write/services.ts';
export { allow, deny, otherKeys, type StatementBuilder } from './write/statement.ts';
export type {
  ActionPattern,
  ConditionsFor,
  ConditionValue,
  KnownAction,
  OtherAction,
  OtherKeys,
  ResourceArn,
} from './write/types.ts';
