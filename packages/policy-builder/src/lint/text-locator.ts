import { readJson } from '../read/json-tree.ts';
import { locate } from '../read/parse-policy.ts';
import { linePositions, type TextPosition } from '../read/text-position.ts';

/** Where the value at a JSON path stands in a text; paths of a list's elements also find a single value. */
export function textLocator(text: string): (path: string) => TextPosition {
  const { root } = readJson(text);
  const positionOf = linePositions(text);
  return (path) => {
    const steps = [...path.matchAll(/\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)].map(
      ([, name, index, quoted]) => name ?? index ?? (JSON.parse(quoted!) as string),
    );
    return positionOf(root === undefined ? 0 : locate(root, steps).node.start);
  };
}
