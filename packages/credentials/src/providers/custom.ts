import * as t from 'io-ts';
import type { CredentialFields, CredentialsProvider } from '../credentials.ts';
import { type FreshnessOptions, freshCredentials } from '../freshness/fresh-credentials.ts';
import { decodeValue, NonEmptyString } from '../http/decode-json.ts';

const ValidDate = new t.Type<Date, Date, unknown>(
  'a valid Date',
  (value): value is Date => value instanceof Date,
  (value, context) =>
    value instanceof Date && !Number.isNaN(value.getTime()) ? t.success(value) : t.failure(value, context),
  t.identity,
);

const CustomAnswer = t.intersection([
  t.type({ accessKeyId: NonEmptyString, accessKeySecret: NonEmptyString }),
  t.partial({
    securityToken: t.union([t.string, t.undefined]),
    expiration: t.union([ValidDate, t.undefined]),
  }),
]);

/**
 * Credentials from a function of your own, kept fresh like all others: it is called once for any number of concurrent
 * callers, ahead of expiry in the background, and again after a failure. Without `expiration` in its answer it is asked every
 * 15 minutes.
 *
 * `getCredentials` rejects with what the function rejects with, or with MalformedResponseError.
 */
export function custom(
  get: (context: { readonly signal: AbortSignal }) => Promise<CredentialFields>,
  options: FreshnessOptions & { readonly providerName?: string | undefined } = {},
): CredentialsProvider {
  const { providerName = 'custom' } = options;
  const fetch = async ({ signal }: { readonly signal: AbortSignal }) =>
    decodeValue(
      CustomAnswer,
      await get({ signal }),
      `The answer of the ${providerName} credentials function`,
    );
  return freshCredentials({ providerName, fetch }, options);
}
