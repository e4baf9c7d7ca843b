import { channel } from 'node:diagnostics_channel';

/**
 * What a provider tells about itself. No event ever holds a secret, a token or an AccessKey id.
 *
 * - `refresh-started`: one attempt to get a newer credential begins. `reason` says why: there is none yet (`initial`), it is
 *   time to (`ahead-of-expiry`), it ends within the margin (`expiring`), it has ended (`expired`), or a service
 *   refused it (`rejected`).
 * - `refresh-succeeded`: the attempt brought a credential that lasts until `expiration` (service time).
 * - `refresh-failed`: it did not. While the current credential is valid, callers notice nothing; `callersAffected` says
 *   whether somebody is waiting.
 * - `warning`: something works and should still be mended, such as a credentials file that others can read.
 */
export type CredentialsEvent =
  | { readonly type: 'refresh-started'; readonly providerName: string; readonly reason: RefreshReason }
  | {
      readonly type: 'refresh-succeeded';
      readonly providerName: string;
      readonly reason: RefreshReason;
      readonly expiration?: Date | undefined;
      readonly durationMs: number;
    }
  | {
      readonly type: 'refresh-failed';
      readonly providerName: string;
      readonly reason: RefreshReason;
      readonly code: string;
      readonly message: string;
      readonly callersAffected: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'warning';
      readonly providerName: string;
      readonly code: string;
      readonly message: string;
    };

export type RefreshReason = 'initial' | 'ahead-of-expiry' | 'expiring' | 'expired' | 'rejected';

export type CredentialsEventListener = (event: CredentialsEvent) => void;

/** The name of the `node:diagnostics_channel` on which every event of every provider of the process is published. */
export const credentialsChannelName = 'yunseal:credentials';

const credentialsChannel = channel(credentialsChannelName);

/**
 * Publish an event to the listener and to the diagnostics channel. A warning that nobody listens to becomes a warning of the
 * process, which Node.js prints. A listener that throws cannot break a refresh; as with
 * subscribers of the channel, its error surfaces as an uncaught exception.
 */
export function emitEvent(event: CredentialsEvent, listener: CredentialsEventListener | undefined): void {
  credentialsChannel.publish(event);
  if (listener === undefined) {
    if (event.type === 'warning' && !credentialsChannel.hasSubscribers) {
      process.emitWarning(event.message, { type: 'CredentialsWarning', code: event.code });
    }
    return;
  }
  try {
    listener(event);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
