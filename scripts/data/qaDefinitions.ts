import type { Random } from '../../src/nn/tensor/random.ts';
import { withArticle } from './qaWords.ts';

/** A small glossary in the words of the embedded base's vocabulary. */
export const GLOSSARY: readonly (readonly [term: string, meaning: string])[] = [
  ['port', 'a place for ships'],
  ['mill', 'a place to make flour'],
  ['bank', 'a place to keep money'],
  ['school', 'a place to learn'],
  ['court', 'a place of law'],
  ['market', 'a place to buy food'],
  ['farm', 'a place to grow corn'],
  ['station', 'a place for trains'],
  ['camp', 'a place with tents'],
  ['office', 'a place to work'],
  ['shop', 'a place to buy things'],
  ['barn', 'a house for cows'],
  ['tent', 'a house of cloth'],
  ['poet', 'a person who writes verse'],
  ['author', 'a person who writes books'],
  ['judge', 'a person of the court'],
  ['pilot', 'a person who flies'],
  ['baker', 'a person who makes bread'],
  ['singer', 'a person who sings'],
  ['farmer', 'a person who grows food'],
  ['guard', 'a person who keeps watch'],
  ['citizen', 'a member of a state'],
  ['king', 'the head of a state'],
  ['president', 'a head of government'],
  ['knife', 'a tool to cut'],
  ['pen', 'a tool to write'],
  ['key', 'a thing to open doors'],
  ['lamp', 'a thing that gives light'],
  ['cup', 'a thing to drink from'],
  ['map', 'a picture of the land'],
  ['letter', 'a note sent to someone'],
  ['coin', 'a small piece of money'],
  ['rope', 'a strong line'],
  ['bell', 'a thing that rings'],
  ['boat', 'a small ship'],
  ['ship', 'a large boat'],
  ['lake', 'water with land around it'],
  ['sea', 'a large body of water'],
  ['hill', 'a small rise of land'],
  ['forest', 'land full of trees'],
  ['field', 'open land for plants'],
  ['road', 'a way for cars'],
  ['town', 'a small city'],
  ['city', 'a large town'],
  ['tax', 'money paid to the state'],
  ['law', 'a rule of the state'],
  ['treaty', 'a paper between nations'],
  ['war', 'a fight of nations'],
  ['peace', 'a time without war'],
  ['year', 'a time of twelve months'],
  ['day', 'a time of many hours'],
  ['sum', 'the result of adding'],
  ['square', 'a shape of four equal sides'],
  ['circle', 'a round shape'],
  ['triangle', 'a shape of three sides'],
  ['tree', 'a plant made of wood'],
  ['flower', 'the bright part of a plant'],
  ['fish', 'an animal of the water'],
  ['bird', 'an animal that flies'],
  ['horse', 'an animal people ride'],
];

const STARTS = 'b d f g k l m n p r s t v z bl br cl dr fl gr pl st tr'.split(' ');
const VOWELS = 'a e i o u'.split(' ');
const ENDS = 'b d k l m n p r s t x sh ck nd rt'.split(' ');

/** An invented word such as `blon` or `dapix`. */
export function inventedWord(random: Random): string {
  const middle = random.uniform() < 0.3 ? random.choice(VOWELS) + random.choice(STARTS.slice(0, 12)) : '';
  return random.choice(STARTS) + middle + random.choice(VOWELS) + random.choice(ENDS);
}

const KINDS = 'place tool plant book box boat house tree color game word bird'.split(' ');
const TRAITS = [
  ...'small large red yellow white light old new long short strong open public foreign round'
    .split(' ')
    .map(a => `{} ${a}`),
  ...'for ships|for books|for children|for letters|for coins|with flowers|with cards|with a key|of wood|of paper|of stone|from the sea|from the north|near the city|near the water|to keep eggs|to cut wood|to hold water|to send letters|to make bread|people use in war|people like'
    .split('|')
    .map(t => `{} ${t}`),
];

/** A made-up meaning such as `a small box` or `a tool to cut wood`. */
export function inventedMeaning(random: Random): string {
  const kind = random.choice(KINDS);
  const trait = random.choice(TRAITS).slice(3);
  return trait.includes(' ') ? withArticle(`${kind} ${trait}`) : withArticle(`${trait} ${kind}`);
}

export interface Definition {
  term: string;
  meaning: string;
}

/** Definitions of different words with different meanings: from the glossary, or all invented. */
export function drawDefinitions(count: number, invented: boolean, random: Random): Definition[] {
  const byTerm = new Map<string, string>();
  while (byTerm.size < count) {
    const [term, meaning] = invented ? [inventedWord(random), inventedMeaning(random)] : random.choice(GLOSSARY);
    if (![...byTerm.values()].includes(meaning)) byTerm.set(term, meaning);
  }
  return [...byTerm].map(([term, meaning]) => ({ term, meaning }));
}

export function definitionsKey(definitions: readonly Definition[]): string {
  return `definition:${definitions
    .map(d => `${d.term}=${d.meaning}`)
    .sort()
    .join(',')}`;
}

export const TOLD_DEFINITIONS = [
  '{A} is {m}.',
  '{A} means {m}.',
  'We call {m} {a}.',
  'The word {t} means {m}.',
  '{A}: {m}.',
];
export const ASKED_MEANINGS = [
  'What is {a}?',
  'What does {t} mean?',
  'Define {t}.',
  'What is the meaning of {t}?',
  'Explain the word {t}.',
  'What does the word {t} mean?',
  'Give the definition of {t}.',
  'Tell me what {a} is.',
];
export const ASKED_TERMS = [
  'Which word means {m}?',
  'What is the word for {m}?',
  'What do we call {m}?',
  'Which word stands for {m}?',
  'What is {m} called?',
  'Name the word for {m}.',
  'Tell me the word that means {m}.',
  'How do we call {m}?',
];

export function fillDefinition(template: string, { term, meaning }: Definition): string {
  const a = withArticle(term);
  return template
    .replaceAll('{A}', a[0]!.toUpperCase() + a.slice(1))
    .replaceAll('{a}', a)
    .replaceAll('{t}', term)
    .replaceAll('{m}', meaning);
}
