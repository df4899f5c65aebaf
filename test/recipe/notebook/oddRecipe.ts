import fc from 'fast-check';

/** Recipes as nobody writes them: with comments, white space, line breaks, commas and keys of any kind. */

interface Odd {
  /** What goes between two tokens. */
  gap(): string;
  trailingComma(): boolean;
}

const comment = fc.constantFrom('', ' a', ' "x": 1,', ' { [ , ] }', ' // */ ä', ' \\n');
const gap = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('', ' ', '  ', '\t', '\n', '\n    ', '\r\n', '\n\n  ') },
      { weight: 1, arbitrary: comment.map(text => `//${text}\n`) },
      { weight: 1, arbitrary: comment.map(text => `/*${text.replaceAll('*/', '')}*/`) },
      { weight: 1, arbitrary: comment.map(text => `/*${text.replaceAll('*/', '')}\n  */`) },
    ),
    { maxLength: 3 },
  )
  .map(parts => parts.join(''));

const name = fc.constantFrom('math', 'code', 'ä "b"', 'x\ny', '//', 'steps', '');
const words = fc.oneof(name, fc.string({ maxLength: 12 }));
const plain = fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null));
const tree = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: plain },
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(words, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const step = fc.oneof(
  words.map(text => ({ do: 'note', text })),
  words.map(text => ({ text, extra: 1, do: 'note' })),
  fc.record({ do: fc.constant('ask'), prompt: words, other: tree }, { requiredKeys: ['do', 'prompt'] }),
  fc.constant({ do: 'train' }),
  fc.constant({}),
  fc.constant({ do: 'note', text: 3 }),
);
const definitions = fc.dictionary(
  fc.constantFrom('name', 'base', 'seed', 'experts', 'blends', 'merges', 'evaluation', 'unknown key', '', 'Steps'),
  tree,
  { maxKeys: 6, noNullPrototype: true },
);

/** The text of a recipe: any order of its keys, with or without steps. */
export const oddRecipe = fc
  .record({
    definitions,
    steps: fc.option(fc.array(step, { maxLength: 5 }), { nil: undefined }),
    stepsAt: fc.nat(6),
    gaps: fc.array(gap, { minLength: 1, maxLength: 40 }),
    commas: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    mark: fc.constantFrom('', '\uFEFF'),
    eol: fc.constantFrom('\n', '\r\n'),
  })
  .map(({ definitions: table, steps, stepsAt, gaps, commas, mark, eol }) => {
    const entries = Object.entries(table);
    if (steps) entries.splice(stepsAt % (entries.length + 1), 0, ['steps', steps]);
    let [nextGap, nextComma] = [0, 0];
    const odd: Odd = {
      gap: () => gaps[nextGap++ % gaps.length]!,
      trailingComma: () => commas[nextComma++ % commas.length]!,
    };
    return mark + (odd.gap() + object(entries, odd) + odd.gap()).replaceAll('\n', eol).replaceAll('\r\r', '\r');
  });

function written(value: unknown, odd: Odd): string {
  if (Array.isArray(value))
    return list(
      '[',
      ']',
      value.map(each => () => written(each, odd)),
      odd,
    );
  if (typeof value === 'object' && value !== null) return object(Object.entries(value), odd);
  return JSON.stringify(value);
}

function object(entries: [string, unknown][], odd: Odd): string {
  const properties = entries.map(
    ([key, value]) =>
      () =>
        `${JSON.stringify(key)}${odd.gap()}:${odd.gap()}${written(value, odd)}`,
  );
  return list('{', '}', properties, odd);
}

function list(open: string, close: string, items: (() => string)[], odd: Odd): string {
  const all = items.map(item => `${odd.gap()}${item()}${odd.gap()}`);
  return `${open}${all.join(',')}${all.length > 0 && odd.trailingComma() ? `,${odd.gap()}` : odd.gap()}${close}`;
}
