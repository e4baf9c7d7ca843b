/** What a KMS client tells whoever watches it. Never a key, a token, a parameter or a URL. */
export type KmsEvent =
  | {
      readonly type: 'retry';
      readonly operation: string;
      readonly region: string;
      /** The attempt that failed, from 1. */
      readonly attempt: number;
      /** The `code` of the error, for example `KmsThrottled`. */
      readonly errorCode: string;
      readonly requestId: string | undefined;
      readonly delayMs: number;
    }
  | { readonly type: 'rate-lowered'; readonly region: string; readonly requestsPerSecond: number }
  | { readonly type: 'circuit-opened' | 'circuit-closed'; readonly region: string }
  | {
      /** By option, a message was wrapped without this key because its region was down. */
      readonly type: 'key-skipped';
      readonly keyId: string;
      readonly region: string;
      readonly errorCode: string;
    }
  | {
      readonly type: 'secret-rotated';
      readonly secretName: string;
      readonly region: string;
      readonly versionId: string;
      readonly previousVersionId: string;
    }
  | {
      /** KMS could not be asked for a newer value of a secret; the old one goes on being served. */
      readonly type: 'secret-refresh-failed';
      readonly secretName: string;
      readonly region: string;
      readonly ageMs: number;
      readonly errorCode: string;
    };

export type KmsEventListener = (event: KmsEvent) => void;

/** A listener that throws must not cost a message. */
export function quietly(listener: KmsEventListener | undefined): KmsEventListener {
  return (event) => {
    try {
      listener?.(event);
    } catch {
      // The event was told; what became of it is the listener's own affair.
    }
  };
}
