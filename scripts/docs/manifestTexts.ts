/** What of the manifest people read; the rest are names, conditions and what models read. */
const textKeys = new Set([
  'altText',
  'category',
  'contents',
  'contextualTitle',
  'description',
  'displayName',
  'fullName',
  'label',
  'markdownDescription',
  'title',
  'userDescription',
]);
/** What tells the elements of a list apart, in a key that a translator reads. */
const names = ['command', 'submenu', 'id', 'viewType', 'name', 'view', 'vendor', 'title'];
/** Lists in which `name` is what people read. */
const named = new Set(['views']);

/**
 * A manifest with a key `%KEY%` in the place of each text that people read, and the texts by their keys: what the editor
 * reads as package.json and package.nls.json, so that another language is one more file.
 */
export function separateTexts<T>(manifest: T): { manifest: T; texts: Record<string, string> } {
  const texts: Record<string, string> = {};

  function keyFor(path: readonly string[], text: string): string {
    const key = path.at(-1) === 'category' ? 'category' : path.join('.').replace(/^contributes\./, '');
    if (texts[key] !== undefined && texts[key] !== text) throw new Error(`two texts have the key ${key}`);
    texts[key] = text;
    return `%${key}%`;
  }

  function walk(value: unknown, path: readonly string[]): unknown {
    if (Array.isArray(value)) {
      const keys = value.map((each, i) => nameOf(each) ?? String(i));
      const isFirst = (key: string, i: number) => keys.indexOf(key) === i;
      return value.map((each, i) => walk(each, [...path, isFirst(keys[i]!, i) ? keys[i]! : `${keys[i]}-${i}`]));
    }
    // What models read stays as it was measured.
    if (typeof value !== 'object' || value === null || path.at(-1) === 'inputSchema') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        const isText = textKeys.has(key) || (key === 'name' && path.some(part => named.has(part)));
        const isRead = isText && typeof each === 'string' && each !== '';
        return [key, isRead ? keyFor([...path, key], each) : walk(each, [...path, key])];
      }),
    );
  }

  return { manifest: walk(manifest, []) as T, texts };
}

function nameOf(element: unknown): string | undefined {
  if (typeof element !== 'object' || element === null) return undefined;
  const found = names.map(key => (element as Record<string, unknown>)[key]).find(name => typeof name === 'string');
  return found as string | undefined;
}
