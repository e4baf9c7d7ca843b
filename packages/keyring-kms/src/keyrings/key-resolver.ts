import { KeyIdentifierError, KmsAccessDeniedError } from '../errors.ts';
import { formatKeyArn, type KeyReference, parseKeyArn } from '../key-identifier.ts';
import type { KmsClient } from '../kms-client.ts';
import type { Clock } from '../resilience/clock.ts';

/** Aliases can be moved to another key, so what one stands for is asked again after this long. */
const aliasLifeMs = 300_000;

/** Finds the ARN behind a configured key. */
export interface KeyResolver {
  /** The key's ARN, where the configuration or an earlier answer says it. */
  knownArn(reference: KeyReference): string | undefined;
  /** The key's ARN; asks KMS (DescribeKey) only when the configuration does not say it. */
  arnOf(reference: KeyReference, signal?: AbortSignal): Promise<string>;
  /** The ARN of a key KMS just used for `reference`: no question needed when the account is known. */
  arnAnswered(reference: KeyReference, keyId: string, signal?: AbortSignal): Promise<string>;
}

export function keyResolver(clientOf: (region: string) => KmsClient, clock: Clock): KeyResolver {
  const known = new Map<string, { readonly arn: Promise<string>; readonly until: number; value?: string }>();

  function keep(reference: KeyReference, arn: Promise<string>): Promise<string> {
    const entry: { arn: Promise<string>; until: number; value?: string } = {
      arn,
      until: reference.kind === 'alias' ? clock.now() + aliasLifeMs : Number.POSITIVE_INFINITY,
    };
    const name = `${reference.region} ${reference.text}`;
    known.set(name, entry);
    arn.then(
      (value) => {
        entry.value = value;
      },
      () => {
        if (known.get(name) === entry) known.delete(name);
      },
    );
    return arn;
  }

  async function describe(reference: KeyReference, signal: AbortSignal | undefined): Promise<string> {
    try {
      const key = await clientOf(reference.region).describeKey(
        { keyId: reference.requestKeyId, resource: reference.text },
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

  function remembered(reference: KeyReference): { arn: Promise<string>; value?: string } | undefined {
    const entry = known.get(`${reference.region} ${reference.text}`);
    return entry !== undefined && clock.now() < entry.until ? entry : undefined;
  }

  function arnOf(reference: KeyReference, signal?: AbortSignal): Promise<string> {
    const stated = statedArn(reference);
    if (stated !== undefined) return Promise.resolve(stated);
    return remembered(reference)?.arn ?? keep(reference, describe(reference, signal));
  }

  return {
    arnOf,
    knownArn: (reference) => statedArn(reference) ?? remembered(reference)?.value,
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

/** The ARN, when the configuration itself says it. */
function statedArn({ kind, region, accountId, requestKeyId }: KeyReference): string | undefined {
  if (kind !== 'key' || accountId === undefined) return undefined;
  return formatKeyArn({ region, accountId, keyId: requestKeyId });
}
