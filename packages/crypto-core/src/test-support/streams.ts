/** Send bytes through a stream in chunks of a size, or cut at the given offsets, and collect what comes out. */
export async function streamThrough(
  transform: TransformStream<Uint8Array, Uint8Array>,
  bytes: Uint8Array,
  cut: number | readonly number[] = bytes.length || 1,
): Promise<Uint8Array> {
  const writer = transform.writable.getWriter();
  const feed = async () => {
    for (const chunk of chunks(bytes, cut)) await writer.write(chunk);
    await writer.close();
  };
  const [collected] = await Promise.all([
    new Response(transform.readable).bytes(),
    // A stream that errors fails both sides; the reading side's error is the one to see.
    feed().catch(() => {}),
  ]);
  return collected;
}

export function* chunks(bytes: Uint8Array, cut: number | readonly number[]): Generator<Uint8Array> {
  if (typeof cut === 'number') {
    for (let at = 0; at < bytes.length; at += cut) yield bytes.slice(at, at + cut);
    return;
  }
  let at = 0;
  for (const end of [...cut, bytes.length]) {
    yield bytes.slice(at, end);
    at = end;
  }
}
