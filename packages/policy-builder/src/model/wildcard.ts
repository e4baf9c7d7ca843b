/**
 * Matches `*` (any run of characters, the empty one included) and `?` (exactly one character).
 *
 * Greedy with one point of return: when a character does not fit, only the latest `*` is stretched, which is
 * enough because an earlier `*` can never need to take more. No recursion, no backtracking over earlier stars.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const c = p < pattern.length ? pattern.charCodeAt(p) : -1;
    if (c === 42 /* * */) {
      star = p++;
      resume = t;
    } else if (c === 63 /* ? */ || c === text.charCodeAt(t)) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(p) === 42) p++;
  return p === pattern.length;
}

/** Whether a pattern has a wildcard at all. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}
