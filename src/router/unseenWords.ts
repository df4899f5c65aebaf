import { functionWords } from './words.ts';

/** Of the words of a prompt, how many an expert must not have seen for it to be told. */
const share = 0.25;

/** Letters alone; in a possessive the name. */
const word = /\p{L}[\p{L}\p{M}]*/gu;

/** The different words of texts, without regard to capitals. */
export function lowerWords(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap(text => text.toLowerCase().match(word) ?? []));
}

/**
 * The words of a prompt that an expert's own prompts have nowhere, as the prompt writes them, where they are so many that it
 * was not trained for it; undefined where they are not. What the prompt says twice it brings with it, such as a name that
 * it tells something of and asks for.
 */
export function unseenWords(prompt: string, seen: ReadonlySet<string>): string[] | undefined {
  const all = new Map<string, { shown: string; times: number }>();
  for (const shown of prompt.match(word) ?? []) {
    const key = shown.toLowerCase();
    const { times = 0 } = all.get(key) ?? {};
    all.set(key, { shown, times: times + 1 });
  }
  const unseen = [...all].filter(
    ([key, { times }]) => times === 1 && key.length > 1 && !functionWords.has(key) && !seen.has(key),
  );
  return unseen.length > 0 && unseen.length >= share * all.size ? unseen.map(([, { shown }]) => shown) : undefined;
}
