import { KeyIdentifierError, KmsAccessDeniedError } from '../errors.ts';
import { formatKeyArn, type KeyReference, parseKeyArn } from '../key-identifier.ts';
import type { KmsClient } from '../kms-client.ts';
import type { Clock } from '../resilience/clock.ts';

/** Aliases can be moved to another key, so what one stands for is asked again after this long. */
const aliasLifeMs = 300_000;

/** Finds the ARN behind a configured key. */
export interface KeyResolver {
  /** The key's ARN; asks KMS (DescribeKey) only when the configuration does not say it. */
  arnOf(reference: KeyReference, signal?: AbortSignal): Promise<string>;
  /** The ARN of a key KMS just used for `reference`: no question needed when the account is known. */
  arnAnswered(reference: KeyReference, keyId: string, signal?: AbortSignal): Promise<string>;
}

export function keyResolver(clientOf: (region: string) => KmsClient, clock: Clock): KeyResolver {
  const known = new Map<string, { readonly arn: Promise<string>; readonly until: number }>();

  function keep(reference: KeyReference, arn: Promise<string>): Promise<string> {
    const entry = {
      arn,
      until: reference.kind === 'alias' ? clock.now() + aliasLifeMs : Number.POSITIVE_INFINITY,
    };
    const name = `${reference.region} ${reference.text}`;
    known.set(name, entry);
    arn.catch(() => {
      if (known.get(name) === entry) known.delete(name);
    });
    return arn;
  }

  async function describe(reference: KeyReference, signal: AbortSignal | undefined): Promise<string> {
    try {
      const key = await clientOf(reference.region).describeKey(
        { keyId: reference.requestKeyId },
        signal === undefined ? {} : { signal },
      );
      return key.arn;
    } catch (error) {
      if (error instanceof KmsAccessDeniedError) {
        throw new KeyIdentifierError(
          `finding the ARN of ${JSON.stringify(reference.text)} needs kms:DescribeKey, which is not granted (request id ${error.requestId ?? 'unknown'}): grant it, or name the key by its ARN`,
        );
      }
      throw error;
    }
  }

  function arnOf(reference: KeyReference, signal?: AbortSignal): Promise<string> {
    if (reference.kind === 'key' && reference.accountId !== undefined) {
      return Promise.resolve(
        formatKeyArn({
          region: reference.region,
          accountId: reference.accountId,
          keyId: reference.requestKeyId,
        }),
      );
    }
    const entry = known.get(`${reference.region} ${reference.text}`);
    if (entry !== undefined && clock.now() < entry.until) return entry.arn;
    return keep(reference, describe(reference, signal));
  }

  return {
    arnOf,
    async arnAnswered(reference, keyId, signal) {
      if (reference.accountId !== undefined) {
        const arn = formatKeyArn({ region: reference.region, accountId: reference.accountId, keyId });
        if (reference.kind === 'alias') await keep(reference, Promise.resolve(arn));
        return arn;
      }
      const arn = await arnOf(reference, signal);
      if (parseKeyArn(arn)?.keyId === keyId) return arn;
      return keep(reference, describe(reference, signal));
    },
  };
}
