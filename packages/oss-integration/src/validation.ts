import type { Errors } from 'io-ts';

/** Where decoding failed, as JSON paths: `/contents/0/size`. Values are left out; they may be secret. */
export function formatValidationErrors(errors: Errors): string {
  const paths = errors.map(({ context }) => context.map(({ key }) => key).join('/') || '/');
  return [...new Set(paths)].join(', ');
}
