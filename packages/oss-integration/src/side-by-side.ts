import pMap from 'p-map';

export interface SideBySideOptions {
  /** How many items are worked on at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Work on items side by side, and give the results in the items' order. When one fails for good, the signal that the others were
 * given is aborted, and none is under way any more when this rejects: whoever cleans up after it has the field alone.
 */
export async function sideBySide<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  options: SideBySideOptions,
): Promise<Result[]> {
  const failed = new AbortController();
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const underWay = new Set<Promise<unknown>>();
  const tracked = (item: Item): Promise<Result> => {
    const working = work(item, signal).finally(() => underWay.delete(working));
    underWay.add(working);
    return working;
  };
  try {
    return (await pMap(items, tracked, { concurrency: options.concurrency, signal })) as Result[];
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(underWay);
    throw error;
  }
}
