import type { Policy } from '../model/policy.ts';
import type { Report } from './finding.ts';

/** What documents write where a value belongs: `<key-id>`, `[ECS RAM Action]`, `$regionid`, `${AccountId}`, `1234****`, `1234XXXX`, `42.120.XX.X`. */
const PLACEHOLDER =
  /<[^<>]{1,100}>|\[[^[\]]{1,100}\]|\$\{[^}]{1,100}\}|\$[a-z]\w+|\d\*{3,}|\d[xX]{4}|\.[xX]{1,3}\b/;

export function hasPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** Placeholders that were copied along. */
export function lintPlaceholders(policy: Policy, report: Report): void {
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string') {
      const found = PLACEHOLDER.exec(value)?.[0];
      if (found !== undefined)
        report(
          'placeholder',
          'error',
          path,
          `${found} is a placeholder; ${JSON.stringify(value)} matches nothing until it is replaced.`,
          `Replace ${found} with the value.`,
        );
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => {
        visit(item, `${path}[${index}]`);
      });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value))
        visit(inner, /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`);
    }
  };
  policy.Statement.forEach((statement, index) => {
    visit(statement, `$.Statement[${index}]`);
  });
}
