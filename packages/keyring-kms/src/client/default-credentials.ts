import { type CredentialsProvider, defaultChain } from '@yunseal/credentials';

let shared: CredentialsProvider | undefined;

/** One default chain for the whole process, so that many regions' clients share its cache. */
export function defaultCredentials(): CredentialsProvider {
  shared ??= defaultChain();
  return shared;
}
