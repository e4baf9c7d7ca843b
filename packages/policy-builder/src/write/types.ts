import type {
  ActionResources,
  ConditionKeysByKind,
  KnownService,
  ServiceResources,
} from '../catalogue/generated.ts';
import type { BaseOperator, CONDITION_OPERATORS, ConditionKind } from '../model/condition-operators.ts';

declare const otherAction: unique symbol;
declare const resourceType: unique symbol;
declare const otherKeys: unique symbol;

/** An action of the catalogue, e.g. `kms:Decrypt`. */
export type KnownAction = keyof ActionResources;

/** An action of a service that the catalogue does not have; made by `otherAction(…)`. */
export type OtherAction = string & { readonly [otherAction]: true };

/** What a statement's Action takes: known actions, wildcards over known services, `*`, and explicit others. */
export type ActionPattern =
  | '*'
  | `*:${string}`
  | KnownAction
  | `${KnownService}:${string}*${string}`
  | `${KnownService}:${string}?${string}`
  | OtherAction;

/** A resource name whose type the compiler knows, e.g. `ResourceArn<'kms:key'>`. At run time it is a string. */
export type ResourceArn<Type extends string = string> = string & { readonly [resourceType]: Type };

/** The resource types that an action, or one of the actions a wildcard covers, can be limited to. */
export type ResourceTypesOf<Action> = Action extends KnownAction
  ? [ActionResources[Action]] extends [never] // never would be taken for any service below
    ? never
    : ActionResources[Action] extends `${infer Service extends KnownService}:*`
      ? ServiceResources[Service]
      : ActionResources[Action]
  : Action extends OtherAction | '*' | `*:${string}`
    ? string
    : Action extends `${infer Service extends KnownService}:${string}`
      ? ServiceResources[Service]
      : string;

type ServiceOf<ResourceType> = ResourceType extends `${infer Service}:${string}` ? Service : never;

/** What the compiler shows in place of a resource that none of the statement's actions works on. */
export interface UnsupportedResource<Type extends string, Supported> {
  readonly problem: `none of the statement's actions works on ${Type}`;
  readonly supported: Supported;
}

/** A resource, if some action of the statement supports it. Strings that are not literal types pass. */
export type CheckResource<R, Supported> = string extends Supported
  ? R
  : R extends ResourceArn<infer Type>
    ? Type extends Supported
      ? R
      : UnsupportedResource<Type, Supported>
    : R extends `acs:${infer Service}:${string}`
      ? Service extends ServiceOf<Supported> | `${string}*${string}`
        ? R
        : UnsupportedResource<Service, Supported>
      : R;

export type CheckResources<R extends readonly string[], Supported> = {
  readonly [I in keyof R]: CheckResource<R[I], Supported>;
};

/** Values by the kind of condition key. Dates are written in ISO 8601. */
interface ValuesByKind {
  readonly string: string;
  readonly numeric: number | `${number}`;
  readonly date: Date | string;
  readonly boolean: boolean | 'true' | 'false';
  /** An address or a CIDR block, IPv4 or IPv6. */
  readonly ip: string;
}

export type ConditionValue = ValuesByKind[ConditionKind];

type BaseOf<Operator> = Operator extends `${'ForAnyValue' | 'ForAllValues'}:${infer Rest}`
  ? BaseOf<Rest>
  : Operator extends `${infer Base}IfExists`
    ? Base
    : Operator;

type KindOf<Operator> =
  BaseOf<Operator> extends infer Base extends BaseOperator ? (typeof CONDITION_OPERATORS)[Base] : never;

/** The condition keys an operator may look at, and the values they take. `Null` may look at every key. */
export type ConditionsFor<Operator> = Operator extends 'Null'
  ? KeysOf<ConditionKeysByKind[ConditionKind], ValuesByKind['boolean']>
  : KeysOf<ConditionKeysByKind[KindOf<Operator>], ValuesByKind[KindOf<Operator>]>;

type KeysOf<Keys extends string, Value> = { readonly [Key in Keys]?: Value | readonly Value[] };

/** Condition keys that the catalogue does not have; made by `otherKeys(…)`. */
export type OtherKeys = Readonly<Record<string, ConditionValue | readonly ConditionValue[]>> & {
  readonly [otherKeys]: true;
};
