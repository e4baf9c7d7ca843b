/** The five parts of `acs:<service>:<region>:<account>:<relative-id>`. */
export interface ArnParts {
  readonly service: string;
  readonly region: string;
  readonly account: string;
  readonly relativeId: string;
}

/** Splits a resource name at its first four colons; undefined when it is not of that form. */
export function parseArn(arn: string): ArnParts | undefined {
  const parts = splitArn(arn);
  if (parts.length !== 5 || parts[0] !== 'acs') return undefined;
  return { service: parts[1]!, region: parts[2]!, account: parts[3]!, relativeId: parts[4]! };
}

/** At most five pieces: the last one keeps its colons. */
export function splitArn(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (pieces.length < 4) {
    const colon = text.indexOf(':', start);
    if (colon < 0) break;
    pieces.push(text.slice(start, colon));
    start = colon + 1;
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** The pieces of a request's resource. An empty region or account says that the service has none, as `*` does. */
export function splitRequestedArn(text: string): string[] {
  const pieces = splitArn(text);
  const last = pieces.length - 1;
  for (const place of [2, 3]) if (place < last && pieces[place] === '') pieces[place] = '*';
  return pieces;
}
