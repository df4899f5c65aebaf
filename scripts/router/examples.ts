import type { Random } from '../../src/nn/tensor/random.ts';

/** The prior's classes, in the order of its weights. */
export const domains = ['math', 'code', 'qa', 'none'] as const;
export type Domain = (typeof domains)[number];

/** A prompt with the share of each class in `domains`. */
export interface Labelled {
  prompt: string;
  target: number[];
  /** Where it comes from, for figures per source. */
  source: string;
}

export function oneHot(domain: Domain): number[] {
  return domains.map(other => (other === domain ? 1 : 0));
}

/** Words to put into templates: `{name}` in a template takes one of `name`'s entries, which may hold slots again. */
export type Slots = Record<string, readonly string[]>;

/** Fills every `{slot}`; `{#}` is a number, `{#big}` a larger one, `{d}` a digit from 2 to 9, `{x}` a variable. */
export function fill(template: string, slots: Slots, random: Random): string {
  return template.replace(/\{([a-zA-Z#]+)\}/g, (whole, slot: string) => {
    if (slot === '#') return String(random.integer(2, 99));
    if (slot === '#big') return String(random.integer(100, 5000));
    if (slot === 'd') return String(random.integer(2, 9));
    if (slot === 'x') return random.choice(['x', 'x', 'y', 'n', 't', 'a', 'k', 'z']);
    const words = slots[slot];
    return words ? fill(random.choice(words), slots, random) : whole;
  });
}

/** `count` prompts from templates in turn, so that each is used about as often as the others. */
export function generate(
  options: { domain: Domain; source: string; templates: readonly string[]; slots: Slots; count: number },
  random: Random,
): Labelled[] {
  const { domain, source, templates, slots, count } = options;
  const start = random.integer(0, templates.length - 1);
  return Array.from({ length: count }, (_, i) => ({
    prompt: fill(templates[(start + i) % templates.length]!, slots, random),
    target: oneHot(domain),
    source,
  }));
}

/** Writes the same request as people type it: lower case, no final mark, a polite opening, a trailing wish. */
export function vary(example: Labelled, random: Random): Labelled {
  let { prompt } = example;
  const isCode = example.source.includes('snippet');
  if (random.uniform() < 0.12 && !isCode) prompt = random.choice(openings) + lowerFirst(prompt);
  if (random.uniform() < 0.08) prompt += random.choice(endings);
  if (random.uniform() < 0.25 && !isCode) prompt = prompt.toLowerCase();
  if (random.uniform() < 0.3) prompt = prompt.replace(/[?.!]+\s*$/, '');
  if (random.uniform() < 0.03) prompt = prompt.toUpperCase();
  return { ...example, prompt };
}

/** A copy in which some longer words are made up: names and terms nobody has seen say nothing against an expert. */
export function withUnknownWords(example: Labelled, random: Random): Labelled {
  const prompt = example.prompt.replace(/\p{L}{5,}/gu, word => (random.uniform() < 0.35 ? madeUpWord(random) : word));
  return { ...example, prompt, source: `${example.source}/unknownWords` };
}

function madeUpWord(random: Random): string {
  const syllable = () =>
    random.choice([...'bcdfghjklmnprstvwz']) + random.choice([...'aeiou', 'ar', 'en', 'il', 'or', 'ust']);
  return Array.from({ length: random.integer(2, 4) }, syllable).join('');
}

const openings = [
  'Please ',
  'Can you ',
  'Could you please ',
  'Hi, ',
  'Hello! ',
  'I need help: ',
  'Help me with this: ',
  'Hey, ',
];
const endings = [
  ' Thanks!',
  ' Please.',
  ' Be brief.',
  ' Answer in one sentence.',
  ' Think step by step.',
  ' Thank you in advance.',
];

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
