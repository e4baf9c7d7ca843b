import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { StoreName } from './fixtures.ts';

/** The most resident memory that one operation added to a fresh process, in bytes. */
export interface MemoryFigure {
  readonly operation: string;
  readonly extraBytes: number;
}

export const memoryOperations = ['put', 'get', 'upload', 'download'] as const;
export type MemoryOperation = (typeof memoryOperations)[number];

/** Each operation in a process of its own, one after the other: later ones read what earlier ones stored. */
export async function memory(store: StoreName, endpoint: string, length: number): Promise<MemoryFigure[]> {
  const figures: MemoryFigure[] = [];
  for (const operation of memoryOperations) {
    const child = fork(new URL('./memory-worker.ts', import.meta.url), [
      store,
      endpoint,
      operation,
      String(length),
    ]);
    const [extraBytes] = (await once(child, 'message')) as [number];
    figures.push({ operation, extraBytes });
    await once(child, 'exit');
  }
  return figures;
}
