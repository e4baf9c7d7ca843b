import { splitArn } from './arn.ts';

/**
 * Whether everything that one wildcard pattern matches is matched by another. A `*` of the narrower pattern can
 * only be covered by a `*` of the wider one; a `?` by either wildcard.
 */
export function patternCovers(wide: string, narrow: string): boolean {
  let w = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < narrow.length) {
    const a = wide[w];
    const b = narrow[n]!;
    if (a === '*') {
      star = w++;
      resume = n;
    } else if (b !== '*' && (a === '?' || a === b)) {
      w++;
      n++;
    } else if (star >= 0) {
      w = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (wide[w] === '*') w++;
  return w === wide.length;
}

/** The same for actions, which are compared without case. */
export function actionCovers(wide: string, narrow: string): boolean {
  return patternCovers(wide.toLowerCase(), narrow.toLowerCase());
}

/** The same for resources, which are compared part by part. */
export function resourceCovers(wide: string, narrow: string): boolean {
  if (/^\*+$/.test(wide)) return true;
  const wideParts = splitArn(wide);
  const narrowParts = splitArn(narrow);
  const last = wideParts.length - 1;
  if (narrowParts.length <= last) return false;
  for (let i = 0; i < last; i++) {
    const none = wideParts[i] === '' && (i === 2 || i === 3);
    if (none ? narrowParts[i] !== '' : !patternCovers(wideParts[i]!, narrowParts[i]!)) return false;
  }
  return patternCovers(wideParts[last]!, narrowParts.slice(last).join(':'));
}
