import { readFileSync } from 'node:fs';
import type { Random } from '../../src/nn/tensor/random.ts';
import { functionWords, normalizeText, wordsOf } from '../../src/router/words.ts';
import {
  type Domain,
  domains,
  fill,
  generate,
  type Labelled,
  oneHot,
  type Slots,
  vary,
  withUnknownWords,
} from './examples.ts';

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

/** Keyboard noise, lone signs and invented words: nothing that speaks for an expert. */
function gibberish(count: number, random: Random): Labelled[] {
  const letter = () => String.fromCharCode(97 + random.integer(0, 25));
  const consonant = () => random.choice([...'bcdfghjklmnpqrstvwxz']);
  const vowel = () => random.choice([...'aeiou']);
  const makers = [
    () => Array.from({ length: random.integer(2, 9) }, letter).join(''),
    () => Array.from({ length: random.integer(1, 3) }, () => consonant() + vowel()).join(''),
    () => random.choice(['asd', 'qwe', 'zxc', 'fgh', 'jkl', 'uio']).repeat(random.integer(1, 3)),
    () => random.choice(['!!', '...', '??', '-', '~', ':)', '#']),
    () => random.choice(['uh', 'um', 'er', 'ah', 'oh', 'la', 'blah', 'huh', 'wow', 'hm', 'eh']),
  ];
  return Array.from({ length: count }, () => ({
    prompt: Array.from({ length: random.integer(1, 6) }, random.choice(makers)).join(' '),
    target: oneHot('none'),
    source: 'made/gibberish',
  }));
}

interface MixedTemplates {
  kinds: { source: string; count: number; share: Partial<Record<Domain, number>>; templates: string[] }[];
  slots: Slots;
}

/**
 * Requests that hold two or three kinds at once, with the share of each: what a blend is for. Beside them requests
 * that only look like it ('Write a function to sort a list and calculate the average') and belong to one expert.
 */
function mixedExamples(random: Random): Labelled[] {
  const file = new URL('templates/mixed.json', import.meta.url);
  const { kinds, slots }: MixedTemplates = JSON.parse(readFileSync(file, 'utf8'));
  return kinds.flatMap(({ source, count, share, templates }) =>
    Array.from({ length: count }, (_, i) => ({
      prompt: fill(templates[i % templates.length]!, slots, random),
      target: domains.map(domain => share[domain] ?? 0),
      source,
    })),
  );
}
