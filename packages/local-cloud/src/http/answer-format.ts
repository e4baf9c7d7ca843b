import type { Answer } from './rpc-service.ts';

/** An answer as it goes out. */
export interface RenderedAnswer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * An answer in JSON, or in XML when the call says `Format=XML`. Without a word it is JSON, which all clients of today
 * expect.
 *
 * @param root the name of the document's element in XML
 */
export async function renderAnswer(
  format: string | undefined,
  root: string,
  answer: Answer,
): Promise<RenderedAnswer> {
  if (format?.toUpperCase() !== 'XML')
    return { contentType: 'application/json;charset=utf-8', body: JSON.stringify(answer) };
  // Loaded by the few who ask.
  const { XMLBuilder } = await import('fast-xml-parser');
  const builder = new XMLBuilder({ format: false });
  return {
    contentType: 'text/xml;charset=utf-8',
    body: `<?xml version="1.0" encoding="UTF-8"?>${builder.build({ [root]: answer })}`,
  };
}
