import { InvalidArgumentError } from '@yunseal/crypto-core';

/** The source of a request body, so that its own failure can be told from the connection's. */
export interface ObservedSource {
  readonly stream: AsyncIterable<Uint8Array>;
  failure(): { readonly error: unknown } | undefined;
}

/** Watch a source; a declared length must be met exactly. */
export function observeSource(source: AsyncIterable<Uint8Array>, length: number | undefined): ObservedSource {
  let failed: { error: unknown } | undefined;
  async function* observed() {
    try {
      let given = 0;
      for await (const chunk of source) {
        given += chunk.length;
        if (length !== undefined && given > length) break;
        yield chunk;
      }
      if (length !== undefined && given !== length) {
        const gave = given > length ? 'more' : `only ${given}`;
        throw new InvalidArgumentError(`the stream was declared with ${length} bytes and gave ${gave}`);
      }
    } catch (error) {
      failed = { error };
      // The clients add the URL to the message of whatever breaks a request: give them an error of their own.
      throw new Error('the source of the request body failed');
    }
  }
  return { stream: observed(), failure: () => failed };
}
