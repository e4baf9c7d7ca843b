import type { OssSettings } from '../settings.ts';
import type { ListEntry, ListOptions } from '../store/object-store.ts';

/** Every object under a prefix, in UTF-8 order of the keys, fetched page by page as the iteration goes on. */
export async function* list(
  { store, retry }: OssSettings,
  options: ListOptions = {},
): AsyncGenerator<ListEntry, void, undefined> {
  for (let { startAfter } = options; ; ) {
    const page = await retry(() => store.list({ ...options, startAfter }), options.signal);
    yield* page.entries;
    if (page.startAfter === undefined) return;
    startAfter = page.startAfter;
  }
}
