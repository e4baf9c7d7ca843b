import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A policy as a source document prints it. */
export interface PrintedPolicy {
  /** File name of the document. */
  readonly document: string;
  /** 1-based place among the document's policies. */
  readonly place: number;
  readonly text: string;
}

const folder = fileURLToPath(new URL('../../../../../shared/source-documents', import.meta.url));

/** Whether the documents are there: they lie beside the repository, not in it. */
export const sourceDocumentsPresent = existsSync(folder);

/** Every policy printed in the source documents, in order: fenced blocks, and bare JSON in running text. */
export function printedPolicies(): PrintedPolicy[] {
  if (!sourceDocumentsPresent) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((document) => {
      const text = readFileSync(`${folder}/${document}`, 'utf8');
      const fenced = fencedBlocks(text);
      const blocks = fenced.length > 0 ? fenced : bareBlocks(text);
      return blocks
        .filter((block) => block.includes('"Statement"'))
        .map((block, index) => ({ document, place: index + 1, text: block }));
    });
}

function fencedBlocks(text: string): string[] {
  const blocks: string[] = [];
  let open: string[] | undefined;
  for (const line of text.split('\n')) {
    if (/^\s*```/.test(line)) {
      if (open !== undefined) blocks.push(open.join('\n'));
      open = open === undefined ? [] : undefined;
    } else open?.push(line);
  }
  return blocks;
}

/** From a line that is `{` to the brace that closes it; what follows on that line is prose. */
function bareBlocks(text: string): string[] {
  const blocks: string[] = [];
  for (let start = text.indexOf('\n{\n'); start >= 0; start = text.indexOf('\n{\n', start)) {
    let depth = 0;
    let end = start + 1;
    do {
      if (text[end] === '{') depth++;
      if (text[end] === '}') depth--;
      end++;
    } while (depth > 0 && end < text.length);
    blocks.push(text.slice(start + 1, end));
    start = end;
  }
  return blocks;
}
