import { readFileSync } from 'node:fs';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { parseBaseConfig } from '../../src/nn/model/config.ts';
import { completionsAt } from '../../src/recipe/language/completion.ts';
import { dataFacts } from '../../src/recipe/language/dataFacts.ts';
import { recipeProblems } from '../../src/recipe/language/problems.ts';
import { emptyWorld, type RecipeWorld } from '../../src/recipe/language/recipeWorld.ts';
import { readRecipe } from '../../src/recipe/parse.ts';
import { fastest, median } from '../measure.ts';
import type { Row, RowGroup } from '../row.ts';
import { number } from '../table.ts';

const turns = 60;
const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** What the editor does at a keystroke in a recipe of a thousand lines: another text each time, read from its first sign. */
export const recipe: RowGroup = {
  name: 'recipe',
  about: 'problems and completion in a recipe of 1,000 lines: ms of processor time',
  async run({ say }) {
    say('recipe');
    const text = longRecipe();
    const lines = text.split('\n').length;
    const world = worldOfExamples();
    const listings = { dataFiles: [{ name: 'math/train.jsonl' }], adapters: [], bases: [] };
    const at = text.indexOf('"weights": {') + '"weights": {'.length;
    const typed = (turn: number) => `${text.slice(0, at)}"e${turn % 10}${text.slice(at)}`;
    const whole = Array.from({ length: turns }, (_, turn) => text.replace('"seed": 1', `"seed": ${turn}`));
    const problems = whole.map(each => timed(() => recipeProblems(readRecipe(each), world)));
    const offers = whole.map((_, turn) => timed(() => completionsAt(readRecipe(typed(turn)), at + 3, world, listings)));
    const found = recipeProblems(readRecipe(text), world).length;
    const offered = completionsAt(readRecipe(typed(0)), at + 3, world, listings).length;
    return [
      row('problems', problems, `${lines} lines, 30 experts, ${found} problems, datasets of 6,000 examples known`),
      row('completion', offers, `${lines} lines, ${offered} names offered in a text that does not parse`),
    ];
  },
};

function row(name: string, times: number[], note: string): Row {
  return {
    group: 'recipe',
    name: `${name} at a keystroke, 1,000 lines`,
    unit: 'ms',
    value: median(times),
    against: undefined,
    target: { kind: 'valueAtMost', is: 50 },
    notes: [note, `${times.length} texts, fastest ${number(fastest(times))}, slowest ${number(Math.max(...times))} ms`],
  };
}

/** Processor time, which others on the machine do not change; what one waits for where there are none, and no less. */
function timed(work: () => unknown): number {
  const started = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

function longRecipe(): string {
  const names = Array.from({ length: 30 }, (_, i) => `e${i}`);
  const table = <T>(of: (name: string, i: number) => T) => Object.fromEntries(names.map((n, i) => [n, of(n, i)]));
  const next = (i: number) => names[(i + 1) % names.length]!;
  const value = {
    seed: 1,
    lora: { rank: 16, alpha: 32 },
    experts: table((name, i) => ({
      description: `The expert ${name}.`,
      domain: name,
      data: { train: `${['math', 'code', 'qa'][i % 3]}/train.jsonl` },
      ...(i % 10 === 0 && { lora: { rank: 8 } }),
    })),
    blends: table((name, i) => ({ [name]: 0.5, [next(i)]: i % 7 === 0 ? -0.5 : 0.5 })),
    merges: table((name, i) => ({ method: 'ties', weights: { [name]: 1, [next(i)]: 1 } })),
    evaluation: { sets: table(name => ({ data: 'math/heldout.jsonl', expert: name })) },
    steps: names.flatMap(name => [
      { do: 'train', experts: [name] },
      { do: 'ask', prompt: `Ask ${name}.`, blend: name },
    ]),
  };
  return JSON.stringify(value, null, 2);
}

/** The embedded base and the datasets of the example. */
function worldOfExamples(): RecipeWorld {
  const facts = new Map(
    ['math/train.jsonl', 'code/train.jsonl', 'qa/train.jsonl', 'math/heldout.jsonl'].map(file => [
      file,
      dataFacts(parseDataset(read(`examples/experts/${file}`), file)),
    ]),
  );
  return {
    ...emptyWorld,
    base: { config: parseBaseConfig(JSON.parse(read('media/base/config.json'))) },
    data: path => facts.get(path) ?? { unreadable: 'missing', reason: `${path} is not there` },
  };
}
