import { readFileSync } from 'node:fs';
import type { Random } from '../../src/nn/tensor/random.ts';
import { functionWords } from '../../src/router/functionWords.ts';
import { normalizeText, wordsOf } from '../../src/router/words.ts';
import type { Domain, Labelled, Slots } from './examples.ts';
import { generate, oneHot, vary, withUnknownWords } from './examples.ts';
import { gibberish } from './gibberish.ts';
import { mixedExamples } from './mixedExamples.ts';

/**
 * `borrows`: whose words fill `{borrowed}`. Put into this class's templates, they stop speaking for the other:
 * 'who invented the credit card' is no errand, and 'remind me of the French exam' no question.
 */
const templateFiles: { file: string; domain: Domain; borrows: Domain[] }[] = [
  { file: 'math', domain: 'math', borrows: [] },
  { file: 'code', domain: 'code', borrows: [] },
  { file: 'qa', domain: 'qa', borrows: [] },
  { file: 'openDomain', domain: 'qa', borrows: ['none', 'math'] },
  { file: 'none', domain: 'none', borrows: ['qa', 'math'] },
];

/** Prompts that no figure may be measured on if they were trained on. */
const measuredOn = ['unseen', 'mixed', 'openDomain'];

/** Everything the prior can be trained on, shuffled: the data's prompts and the made ones. */
export function trainingSet(dataFile: string, random: Random): Labelled[] {
  const unseen = measuredOn.flatMap(name => readUnseen(`test/fixtures/router/${name}.jsonl`));
  const real = readReal(dataFile);
  const made = templateFiles.flatMap(({ file, domain, borrows }) => {
    const { kinds, slots } = readTemplates(file);
    const borrowed = contentWords(real.filter(({ source }) => borrows.some(other => source === `data/${other}`)));
    return kinds.flatMap(kind => generate({ domain, slots: { ...slots, borrowed }, ...kind }, random));
  });
  const known = [...real, ...made, ...mixedExamples(random)];
  const unknown = known.filter(() => random.uniform() < 0.2).map(example => withUnknownWords(example, random));
  const all = [...known, ...unknown, ...gibberish(300, random)]
    .map(example => vary(example, random))
    .filter(({ prompt }) => {
      const own = wordSet(prompt);
      return !unseen.some(words => overlap(words, own) > 0.7);
    });
  return random.shuffle(all);
}

/**
 * The data's lines. Of the small talk those are left out that an expert should answer after all
 * ('what is the square root of 144', 'what does … mean'): the set they come from has no expert to give them to.
 */
function readReal(path: string): Labelled[] {
  const expertWork =
    /\d+ ?(%|percent|times|plus|minus|divided)|square root|\d+ ?[*/+x] ?\d|\bmeans?\b|definition|meaning|define/;
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { prompt: string; expert: Domain })
    .filter(({ prompt, expert }) => !(expert === 'none' && expertWork.test(prompt)))
    .map(({ prompt, expert }) => ({ prompt, target: oneHot(expert), source: `data/${expert}` }));
}

/** What prompts are about: their words of open classes. */
function contentWords(labelled: Labelled[]): string[] {
  const words = labelled.flatMap(({ prompt }) => wordsOf(normalizeText(prompt)));
  return [...new Set(words)].filter(word => /^\p{L}{3,12}$/u.test(word) && !functionWords.has(word)).sort();
}

/** Templates by kind, with how many prompts to make of each, and the words to fill them with. */
function readTemplates(file: string): {
  kinds: { source: string; templates: string[]; count: number }[];
  slots: Slots;
} {
  return JSON.parse(readFileSync(new URL(`templates/${file}.json`, import.meta.url), 'utf8'));
}

function readUnseen(path: string): Set<string>[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map(line => wordSet((JSON.parse(line) as { prompt: string }).prompt));
}

function wordSet(prompt: string): Set<string> {
  return new Set(prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}

/** Jaccard similarity. */
function overlap(a: Set<string>, b: Set<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared++;
  return shared / Math.max(1, a.size + b.size - shared);
}
