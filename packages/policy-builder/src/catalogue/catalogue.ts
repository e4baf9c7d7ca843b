import type { ConditionKind } from '../model/condition-operators.ts';
import { CATALOGUE_JSON, type KnownService } from './generated.ts';

/** What an action does to a resource. `permissions` changes who may do what. */
export type AccessLevel = 'read' | 'list' | 'write' | 'permissions';

export interface CatalogueAction {
  readonly access: AccessLevel;
  /** Types of resource the action can be limited to; empty when it has none, null when that is not documented. */
  readonly resources: readonly string[] | null;
  /** Condition keys of the service that the action supports, beside the global ones. */
  readonly conditionKeys?: readonly string[] | undefined;
  /** API operations that need the action, where they are not just the one of its name. */
  readonly operations?: readonly string[] | undefined;
  /** Actions that its operations need as well. */
  readonly dependents?: readonly string[] | undefined;
}

export interface CatalogueConditionKey {
  readonly kind: ConditionKind;
}

/** One service: its actions, resource types and condition keys. A key ending in `/*` takes any tag key there. */
export interface ServiceCatalogue {
  readonly service: string;
  readonly name: string;
  /** Where the data comes from, and of which day it is. */
  readonly sources: readonly { readonly what: string; readonly source: string; readonly date: string }[];
  /** ARN templates, with `{region}`, `{account}` and further names. */
  readonly resources: Readonly<Record<string, { readonly arn: string }>>;
  readonly conditionKeys: Readonly<Record<string, CatalogueConditionKey>>;
  readonly actions: Readonly<Record<string, CatalogueAction>>;
}

export const KNOWN_SERVICES: readonly KnownService[] = ['kms', 'oss', 'ecs', 'ram', 'sts'];

const parsed = new Map<string, unknown>();

function load<T>(name: keyof typeof CATALOGUE_JSON): T {
  let data = parsed.get(name);
  if (data === undefined) {
    data = JSON.parse(CATALOGUE_JSON[name]);
    parsed.set(name, data);
  }
  return data as T;
}

/** The catalogue of a service; undefined when the service is not in it. */
export function serviceCatalogue(service: KnownService): ServiceCatalogue;
export function serviceCatalogue(service: string): ServiceCatalogue | undefined;
export function serviceCatalogue(service: string): ServiceCatalogue | undefined {
  return (KNOWN_SERVICES as readonly string[]).includes(service) ? load(service as KnownService) : undefined;
}

/** Condition keys that every service has. */
export function globalConditionKeys(): Readonly<Record<string, CatalogueConditionKey>> {
  return load<{ conditionKeys: Readonly<Record<string, CatalogueConditionKey>> }>('global').conditionKeys;
}

/** An action of the catalogue with its name in full. */
export interface KnownActionEntry extends CatalogueAction {
  readonly service: KnownService;
  /** `<service>:<action>` */
  readonly action: string;
}

/** Every action of a service, or of all services. */
export function knownActions(service?: KnownService): KnownActionEntry[] {
  return (service === undefined ? KNOWN_SERVICES : [service]).flatMap((name) =>
    Object.entries(serviceCatalogue(name).actions).map(([action, entry]) => ({
      ...entry,
      service: name,
      action: `${name}:${action}`,
    })),
  );
}

/** What a condition key holds: undefined when the catalogue does not know the key. */
export function conditionKeyKind(key: string): ConditionKind | undefined {
  const service = key.slice(0, key.indexOf(':'));
  const sources = [
    globalConditionKeys(),
    ...KNOWN_SERVICES.map((name) => serviceCatalogue(name).conditionKeys),
  ];
  const slash = key.indexOf('/');
  const family = slash < 0 ? undefined : `${key.slice(0, slash)}/*`;
  for (const keys of sources) {
    for (const [name, entry] of Object.entries(keys)) {
      const wanted = name.toLowerCase();
      if (wanted === key.toLowerCase() || wanted === family?.toLowerCase()) return entry.kind;
      // OSS also takes its tag keys without a tag ("oss:BucketTag").
      if (service === 'oss' && wanted === `${key.toLowerCase()}/*`) return entry.kind;
    }
  }
  return undefined;
}
