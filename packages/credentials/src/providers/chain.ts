import { type Credentials, type CredentialsProvider, snapshotOf } from '../credentials.ts';
import { type ChainFailure, CredentialsError, NoCredentialsError, ProviderClosedError } from '../errors.ts';
import { type CredentialsEventListener, emitEvent } from '../events.ts';

/** A provider that has nothing to work with, or a machine that is no instance: no reason to warn anybody. */
const unsurprising: ReadonlySet<string> = new Set(['ProviderNotConfigured', 'MetadataServiceUnreachable']);

/**
 * The first of several providers that answers. Once one has, the chain stays with it: a later failure of it is an error, and
 * never a silent change to somebody else's identity.
 *
 * `getCredentials` rejects with NoCredentialsError, which lists every provider with its reason, when none answers; the next
 * call asks all of them again. `close` closes them all.
 */
export function chain(...providers: readonly CredentialsProvider[]): CredentialsProvider {
  return firstThatAnswers(providers, { providerName: 'chain' });
}

export function firstThatAnswers(
  providers: readonly CredentialsProvider[],
  options: {
    readonly providerName: string;
    /** Put before the name of the provider that answered. */
    readonly prefix?: string | undefined;
    readonly onEvent?: CredentialsEventListener | undefined;
  },
): CredentialsProvider {
  const { providerName, prefix, onEvent } = options;
  const renamed = new WeakMap<Credentials, Credentials>();
  let chosen: CredentialsProvider | undefined;
  let choosing: Promise<Credentials> | undefined;
  let closed = false;

  async function choose(): Promise<Credentials> {
    const failures: ChainFailure[] = [];
    let retryable = false;
    for (const [index, provider] of providers.entries()) {
      const name = provider.providerName ?? `provider ${index + 1}`;
      try {
        const credentials = await provider.getCredentials();
        chosen = provider;
        return credentials;
      } catch (error) {
        if (closed) throw new ProviderClosedError(providerName);
        const known = error instanceof CredentialsError;
        const code = known ? error.code : 'Unknown';
        // A foreign error's text may hold anything, so it is not repeated.
        const reason = known
          ? error.message
          : `it failed with ${error instanceof Error ? error.name : 'no Error'}`;
        failures.push({ providerName: name, code, reason });
        retryable ||= known && error.retryable;
        if (!unsurprising.has(code)) {
          const message = `The chain passes over ${name}: ${reason}`;
          emitEvent({ type: 'warning', providerName, code, message }, onEvent);
        }
      }
    }
    throw new NoCredentialsError(failures, { retryable });
  }

  function named(credentials: Credentials): Credentials {
    if (prefix === undefined) return credentials;
    let copy = renamed.get(credentials);
    if (copy === undefined) {
      copy = snapshotOf(credentials, `${prefix}/${credentials.providerName}`);
      renamed.set(credentials, copy);
    }
    return copy;
  }

  return {
    providerName,
    async getCredentials() {
      if (closed) throw new ProviderClosedError(providerName);
      if (chosen !== undefined) return named(await chosen.getCredentials());
      choosing ??= choose().finally(() => {
        choosing = undefined;
      });
      return named(await choosing);
    },
    // Providers compare by id and token, so the name the chain gave does not matter.
    reportRejected: (credentials) => chosen?.reportRejected?.(credentials),
    close() {
      closed = true;
      for (const provider of providers) provider.close?.();
    },
  };
}
