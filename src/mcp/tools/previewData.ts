import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import type { PreviewedExample } from '../../protocol/engine/training.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { known } from '../../recipe/language/recipeWorld.ts';
import { readingOf } from '../../recipe/settings.ts';
import { count } from '../../text/numbers.ts';
import { checkedRecipe, problemLines, toldProblems } from '../checkedRecipe.ts';
import { defineTool, reads } from '../tool.ts';

export const previewData = defineTool({
  name: 'preview_data',
  title: 'Preview training data',
  description:
    'Shows data as training reads it: how many examples, their lengths in tokens, the first of them with the chat template applied and what of each is learned, and what is wrong with it, row by row. Of an expert of a recipe, or of a file alone.',
  input: z.strictObject({
    recipe: z.string().min(1).optional().describe('Path of the recipe, from the workspace; with `expert`.'),
    text: z.string().optional().describe('The recipe as it will be saved, in place of its file.'),
    expert: z.string().optional().describe('Whose data; the first expert that has some without it.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('A file of examples (JSONL, JSON, CSV, Parquet), in place of a recipe; read for the embedded base.'),
    rows: z.int().min(1).max(50).default(3).describe('Examples to show.'),
  }),
  annotations: reads,

  async run({ recipe, text, expert, file, rows }, { place, mediaFolder, engine, signal }) {
    if ((recipe === undefined) === (file === undefined))
      throw new WorkbenchError('badRequest', 'name a recipe or a file', 'Give one of "recipe" and "file".');
    // A file alone is read as the data of a recipe beside it.
    const path = file === undefined ? place(recipe!) : join(dirname(place(file)), 'preview.lora.json');
    const written =
      file === undefined ? text : JSON.stringify({ experts: { data: { data: { train: basename(place(file)) } } } });
    const checked = await checkedRecipe(path, mediaFolder, written);
    const { parts } = checked.reading;
    const name = expert ?? Object.entries(parts?.experts ?? {}).find(([, e]) => e.data)?.[0];
    const data = parts?.experts[name ?? '']?.data;
    const problems = toldProblems(checked);
    if (name === undefined || !data)
      throw new WorkbenchError(
        'notFound',
        name === undefined ? 'no expert of the recipe has data' : `no expert '${name}' of the recipe has data`,
        'See check_recipe.',
      );
    const reading = readingOf(data);
    const facts = known(checked.world.data(data.train, reading));
    const learned = checked.world.learned(data.train, reading);
    const own = problems.filter(p => p.where.startsWith(`experts.${name}`));
    // What cannot be read has its problems to tell, and no rows.
    const isBroken = [...checked.reading.problems, ...own].some(p => p.severity === 'error');
    const shown = isBroken
      ? undefined
      : await engine.request('previewData', { recipe: path, text: written, expert: name, rows }, { signal });
    const lengths = learned && lengthsOf(learned.lengths);
    const head = [
      `${data.train}: ${facts ? `${count(facts.examples)} examples with the fields ${facts.fields.join(', ')}` : 'not read'}`,
      ...(lengths
        ? [
            `tokens of an example: ${lengths.shortest} to ${lengths.longest}, half of them at most ${lengths.median}${learned.isSample ? ' (of a sample)' : ''}${shown ? `; training reads up to ${shown.maxLength}` : ''}`,
          ]
        : []),
      ...problemLines(own),
      ...(isBroken && own.length === 0 ? ['the recipe has errors elsewhere: see check_recipe'] : []),
    ];
    const examples = (shown?.rows ?? []).map(exampleOf);
    return {
      text: [
        ...head,
        ...examples.flatMap((e, i) => [
          '',
          `example ${i + 1}, what is learned between ⟦ and ⟧:`,
          e.marked,
          ...(e.cut > 0 ? [`(${e.cut} tokens are cut off)`] : []),
        ]),
      ].join('\n'),
      data: {
        file: data.train,
        examples: facts?.examples ?? null,
        fields: facts?.fields ?? [],
        tokens: lengths ?? null,
        problems: own,
        rows: examples.map(({ text, learned, tokens, cut }) => ({ text, learned, tokens, cut })),
      },
    };
  },
});

function lengthsOf(lengths: Float64Array) {
  if (lengths.length === 0) return undefined;
  const sorted = lengths.toSorted();
  return { shortest: sorted[0]!, median: sorted[Math.floor((sorted.length - 1) / 2)]!, longest: sorted.at(-1)! };
}

function exampleOf({ tokens, cut }: PreviewedExample) {
  let marked = '';
  let isOpen = false;
  for (const { text, isTrained } of tokens) {
    if (isTrained !== isOpen) marked += isTrained ? '⟦' : '⟧';
    isOpen = isTrained;
    marked += text;
  }
  return {
    marked: isOpen ? `${marked}⟧` : marked,
    text: tokens.map(t => t.text).join(''),
    learned: tokens
      .filter(t => t.isTrained)
      .map(t => t.text)
      .join(''),
    tokens: tokens.length,
    cut,
  };
}
