import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseDataset } from '../../../src/data/parseDataset.ts';
import { parseAdapterConfig } from '../../../src/nn/lora/adapterConfig.ts';
import { parseBaseConfig } from '../../../src/nn/model/config.ts';
import { dataFacts } from '../../../src/recipe/language/dataFacts.ts';
import type { AdapterFacts, DataFacts, Fact, RecipeWorld } from '../../../src/recipe/language/recipeWorld.ts';

/** A text without its marks: `⟦…⟧` around a range, `‸` where the cursor is. */
export interface Marked {
  text: string;
  ranges: { start: number; end: number }[];
  cursor: number;
}

export function marked(source: string): Marked {
  const ranges: Marked['ranges'] = [];
  const open: Marked['ranges'] = [];
  let [text, cursor] = ['', -1];
  for (const sign of source)
    if (sign === '⟦') {
      const range = { start: text.length, end: -1 };
      ranges.push(range);
      open.push(range);
    } else if (sign === '⟧') open.pop()!.end = text.length;
    else if (sign === '‸') cursor = text.length;
    else text += sign;
  assert.equal(open.length, 0, `marks do not match: ${source}`);
  return { text, ranges, cursor };
}

/** The text with marks around ranges, to be compared with what was expected. */
export function withMarks(text: string, ranges: readonly { start: number; end: number }[]): string {
  const signs = ranges.flatMap(({ start, end }) => [
    { at: start, sign: '⟦', order: 1 },
    { at: end, sign: '⟧', order: 0 },
  ]);
  signs.sort((a, b) => b.at - a.at || b.order - a.order);
  return signs.reduce((out, { at, sign }) => out.slice(0, at) + sign + out.slice(at), text);
}

export const embedded = parseBaseConfig(
  JSON.parse(readFileSync(new URL('../../../media/base/config.json', import.meta.url), 'utf8')),
);

/** A world of these datasets (by their text) and adapters, on the embedded base. */
export function worldOf(
  parts: Partial<Omit<RecipeWorld, 'data' | 'adapter'>> & {
    data?: Record<string, string>;
    adapters?: Record<string, Fact<AdapterFacts>>;
  } = {},
): RecipeWorld {
  const { data = {}, adapters = {}, ...rest } = parts;
  const facts = new Map<string, DataFacts>();
  return {
    base: { config: embedded, hash: 'aaaaaaaaaaaaaaaa' },
    trainedOn: () => undefined,
    learned: () => undefined,
    data(path, reading) {
      if (!(path in data)) return { unreadable: 'missing', reason: `${path} is not there` };
      const key = JSON.stringify([path, reading]);
      if (!facts.has(key)) facts.set(key, dataFacts(parseDataset(data[path]!, path, reading)));
      return facts.get(key);
    },
    adapter: path => adapters[path] ?? { unreadable: 'missing', reason: `the adapter ${path} is not there` },
    ...rest,
  };
}

export function adapterFacts(config: object, more: Partial<AdapterFacts> = {}): AdapterFacts {
  return { config: parseAdapterConfig(JSON.stringify({ peft_type: 'LORA', ...config }), 'a').config, ...more };
}
