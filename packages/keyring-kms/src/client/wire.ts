import type { Credentials } from '@yunseal/credentials';

/** One attempt at one call: the official client builds, signs and sends it. */
export interface WireCall {
  readonly action: string;
  /** Sent as a form in the body. Nothing of the caller's goes into the URL. */
  readonly parameters: Readonly<Record<string, string>>;
  /** One snapshot, used for all the fields of this attempt. */
  readonly credentials: Credentials;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
}

/**
 * Sends one call and gives back the parsed JSON of a successful answer, whatever it is. A rejection is whatever the
 * official client throws, secrets included, and must go through `kmsErrorOf` before anybody else sees it.
 */
export type KmsWire = (call: WireCall) => Promise<unknown>;
