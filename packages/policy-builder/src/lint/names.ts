import {
  type CatalogueAction,
  KNOWN_SERVICES,
  type ServiceCatalogue,
  serviceCatalogue,
} from '../catalogue/catalogue.ts';
import { actionMatches } from '../judge/match.ts';
import { parseArn } from '../model/arn.ts';
import { patternCovers } from '../model/pattern-cover.ts';
import type { Policy, Statement } from '../model/policy.ts';
import { hasWildcard, matchesWildcard } from '../model/wildcard.ts';
import { nearestName } from '../read/suggest.ts';
import type { Report } from './finding.ts';
import { hasPlaceholder } from './placeholders.ts';

/** Actions and resources against the catalogue. */
export function lintNames(policy: Policy, report: Report): void {
  policy.Statement.forEach((statement, index) => {
    const path = `$.Statement[${index}]`;
    for (const element of ['Action', 'NotAction'] as const) {
      (statement[element] ?? []).forEach((action, place) => {
        if (!hasPlaceholder(action)) lintAction(action, `${path}.${element}[${place}]`, report);
      });
    }
    const covered = coveredActions(statement);
    if (covered !== undefined)
      (statement.Resource ?? []).forEach((resource, place) => {
        lintResource(covered, resource, `${path}.Resource[${place}]`, report, statement.Resource ?? []);
      });
    lintDependents(policy, statement, path, report);
  });
}

function lintAction(action: string, path: string, report: Report): void {
  const colon = action.indexOf(':');
  if (colon < 0) return;
  const service = action.slice(0, colon).toLowerCase();
  const catalogue = serviceCatalogue(service);
  if (catalogue === undefined) {
    const nearest = hasWildcard(service) ? undefined : nearestName(service, KNOWN_SERVICES);
    // A service of three letters is near to many others; only a swap of letters is surely a slip.
    if (nearest !== undefined && [...nearest].sort().join() === [...service].sort().join())
      report(
        'unknown-action',
        'warning',
        path,
        `${service} is no service that is known.`,
        `Did you mean ${nearest}?`,
      );
    return;
  }
  const names = Object.keys(catalogue.actions);
  if (names.some((name) => actionMatches(action, `${service}:${name}`))) return;
  if (hasWildcard(action)) {
    report('action-matches-nothing', 'warning', path, `${action} covers no action of ${catalogue.name}.`);
    return;
  }
  const nearest = nearestName(action.slice(colon + 1), names);
  report(
    'unknown-action',
    'error',
    path,
    `${catalogue.name} has no action ${action.slice(colon + 1)}, so this never matches.`,
    nearest === undefined ? undefined : `Did you mean ${service}:${nearest}?`,
  );
}

interface CoveredAction {
  readonly service: ServiceCatalogue;
  readonly action: CatalogueAction;
}

/** The actions of the catalogue that a statement covers; undefined when it may cover others too. */
function coveredActions(
  statement: Statement,
): { service: ServiceCatalogue; action: CatalogueAction }[] | undefined {
  if (statement.Action === undefined) return undefined;
  const covered: CoveredAction[] = [];
  for (const pattern of statement.Action) {
    const service = pattern.includes(':') ? pattern.slice(0, pattern.indexOf(':')).toLowerCase() : '*';
    const catalogue = serviceCatalogue(service);
    if (catalogue === undefined) return undefined;
    for (const [name, action] of Object.entries(catalogue.actions))
      if (actionMatches(pattern, `${service}:${name}`)) covered.push({ service: catalogue, action });
  }
  return covered;
}

function lintResource(
  covered: readonly CoveredAction[],
  resource: string,
  path: string,
  report: Report,
  others: readonly string[],
): void {
  if (covered.length === 0 || /^\*+$/.test(resource) || hasPlaceholder(resource)) return;
  if (covered.some(({ action }) => action.resources === null)) return;
  const arn = parseArn(resource);
  const services = [...new Set(covered.map(({ service }) => service.service))];
  if (arn === undefined) return;
  const templates = new Set(
    covered.flatMap(({ service, action }) =>
      (action.resources ?? []).map((type) => service.resources[type]?.arn ?? ''),
    ),
  );
  const fits = (name: string): boolean => [...templates].some((template) => fitsTemplate(name, template));
  if (fits(resource)) return;
  if (templates.size === 0) {
    report(
      'unsupported-resource',
      'warning',
      path,
      'The actions of this statement cannot be limited to a resource, so they are never allowed by it.',
      'Write "*" as the resource.',
    );
    return;
  }
  const all = services.flatMap((service) => Object.values(serviceCatalogue(service)?.resources ?? {}));
  const known = all.some(({ arn: template }) => fitsTemplate(resource, template));
  report(
    known ? 'unsupported-resource' : 'resource-matches-nothing',
    // "bucket" beside "bucket/*" is idle, but does no harm.
    others.some(fits) ? 'note' : 'warning',
    path,
    known
      ? `None of the statement's actions works on ${resource}.`
      : `${resource} has not the form of any resource of ${services.join(', ')}.`,
    `They work on ${[...templates].join(', ')}.`,
  );
}

/** Whether a pattern can match a name made from a template such as `acs:kms:{region}:{account}:key/{id}`. */
function fitsTemplate(pattern: string, template: string): boolean {
  const arn = parseArn(pattern);
  const wanted = parseArn(template);
  if (arn === undefined || wanted === undefined) return false;
  if (!matchesWildcard(arn.service, wanted.service)) return false;
  const form = wanted.relativeId.replace(/\{[^}]*\}/g, '*');
  return patternsOverlap(form, arn.relativeId);
}

/** Whether two wildcard patterns have a text in common, as far as their fixed beginnings and ends tell. */
function patternsOverlap(a: string, b: string): boolean {
  if (patternCovers(a, b) || patternCovers(b, a)) return true;
  if (!hasWildcard(a) || !hasWildcard(b)) return false;
  const [headA, headB] = [a, b].map((text) => text.slice(0, text.search(/[*?]/)));
  const [tailA, tailB] = [a, b].map((text) =>
    text.slice(Math.max(text.lastIndexOf('*'), text.lastIndexOf('?')) + 1),
  );
  const heads = headA!.startsWith(headB!) || headB!.startsWith(headA!);
  const tails = tailA!.endsWith(tailB!) || tailB!.endsWith(tailA!);
  // "bucket" and "bucket/key" differ by a fixed slash: a template with one needs a pattern with one, or a star.
  return heads && tails;
}

function lintDependents(policy: Policy, statement: Statement, path: string, report: Report): void {
  if (statement.Effect !== 'Allow' || statement.Action === undefined) return;
  for (const action of statement.Action) {
    const [service = '', name = ''] = action.split(':');
    const entry = serviceCatalogue(service)?.actions[name];
    for (const dependent of entry?.dependents ?? []) {
      if (dependent === 'ram:PassRole') continue; // needed only when a role is given
      const allowed = policy.Statement.some(
        (other) =>
          other.Effect === 'Allow' &&
          (other.Action ?? []).some((pattern) => actionMatches(pattern, dependent)),
      );
      if (!allowed)
        report(
          'missing-dependent-action',
          'note',
          path,
          `${action} also needs ${dependent} when a customer master key protects the resource.`,
          `Allow ${dependent} on that key.`,
        );
    }
  }
}
