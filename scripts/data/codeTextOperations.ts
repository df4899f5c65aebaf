import type { Random } from '../../src/nn/tensor/random.ts';
import { type Argument, none, type Operation, type Shape, within } from './codeOperations.ts';

/** Words that are put into texts; short, and one or two tokens each in the embedded base's vocabulary. */
const WORDS =
  'book box coin egg tree sign city home school sea land ship port day year name key red end top new old ok'.split(' ');
const MARKS = ['-', '_', '.', ',', '+', '/', ':', '*', '|', '#'];

const word = (random: Random) => [random.choice(random.uniform() < 0.7 ? WORDS : ['!', '?', '.', '...'])];
const plainWord = (random: Random) => [random.choice(WORDS)];
const twoMarks = (random: Random) => random.shuffle([...MARKS, ' ']).slice(0, 2);

function step(
  to: Shape,
  id: string,
  group: string,
  draw: Operation['draw'],
  say: (a: Argument, b: Argument) => string[],
  note: (a: Argument, b: Argument) => string,
  code: (input: string, a: Argument, b: Argument) => string,
  run: (input: string, a: never, b: never) => unknown,
): Operation {
  return { id, from: 'text', to, group, draw, say, note, code, run } as Operation;
}

const reversed = (s: string) => [...s].reduce((out, c) => c + out, '');

/** Steps on a text. `run` avoids the method that `code` uses wherever another way is as short. */
// biome-ignore format: one operation a line, as a table
export const textOperations: Operation[] = [
  step('text', 'trim', 'trim', none, () => ['trim the text', 'remove spaces at both ends'], () => 'trim', x => `${x}.trim()`, s => s.replace(/^\s+|\s+$/g, '')),
  step('text', 'upper', 'case', none, () => ['make it upper case', 'convert it to capital letters'], () => 'upper', x => `${x}.toUpperCase()`, s => [...s].map(c => c.toUpperCase()).join('')),
  step('text', 'lower', 'case', none, () => ['make it lower case', 'convert it to small letters'], () => 'lower', x => `${x}.toLowerCase()`, s => [...s].map(c => c.toLowerCase()).join('')),
  step('text', 'append', 'append', word, a => [`add "${a}" at the end`, `append "${a}"`], a => `end "${a}"`, (x, a) => `${x} + "${a}"`, (s, a: string) => `${s}${a}`),
  step('text', 'prefix', 'prefix', word, a => [`put "${a}" in front`, `add "${a}" at the start`], a => `front "${a}"`, (x, a) => `"${a}" + ${x}`, (s, a: string) => `${a}${s}`),
  step('text', 'repeat', 'repeat', within(2, 9), a => [`repeat it ${a} times`, `write it ${a} times in a row`], a => `repeat ${a}`, (x, a) => `${x}.repeat(${a})`, (s, a: number) => Array.from({ length: a }, () => s).join('')),
  step('text', 'replace', 'replace', twoMarks, (a, b) => [`replace every "${a}" with "${b}"`, `change each "${a}" to "${b}"`], (a, b) => `"${a}" to "${b}"`, (x, a, b) => `${x}.split("${a}").join("${b}")`, (s, a: string, b: string) => [...s].map(c => (c === a ? b : c)).join('')),
  step('text', 'remove', 'replace', r => [r.choice([...MARKS, ' '])], a => [`remove every "${a}"`, `delete all "${a}"`], a => `no "${a}"`, (x, a) => `${x}.split("${a}").join("")`, (s, a: string) => [...s].filter(c => c !== a).join('')),
  step('text', 'reverseText', 'reverse', none, () => ['reverse the letters', 'write it backwards'], () => 'reverse', x => `${x}.split("").reverse().join("")`, reversed),
  step('text', 'firstLetters', 'cut', within(2, 9), a => [`take the first ${a} letters`, `keep only the first ${a} characters`], a => `first ${a}`, (x, a) => `${x}.slice(0, ${a})`, (s, a: number) => [...s].filter((_, i) => i < a).join('')),
  step('text', 'skipLetters', 'cut', within(2, 6), a => [`skip the first ${a} letters`, `leave out the first ${a} characters`], a => `skip ${a}`, (x, a) => `${x}.slice(${a})`, (s, a: number) => [...s].filter((_, i) => i >= a).join('')),
  step('text', 'lastLetters', 'cut', within(2, 9), a => [`take the last ${a} letters`, `keep only the last ${a} characters`], a => `last ${a}`, (x, a) => `${x}.slice(-${a})`, (s, a: number) => [...s].filter((_, i) => i >= s.length - a).join('')),
  step('number', 'length', 'end', none, () => ['return its length', 'count the characters'], () => 'length', x => `${x}.length`, s => [...s].length),
  step('number', 'countWords', 'end', none, () => ['count the words', 'return the number of words'], () => 'count words', x => `${x}.split(" ").length`, s => [...s].filter(c => c === ' ').length + 1),
  step('text', 'firstWord', 'end', none, () => ['return the first word', 'take only the first word'], () => 'head word', x => `${x}.split(" ")[0]`, s => s.replace(/ .*/, '')),
  step('text', 'lastWord', 'end', none, () => ['return the last word', 'take only the last word'], () => 'tail word', x => `${x}.split(" ").at(-1)`, s => s.replace(/.* /, '')),
  step('words', 'split', 'end', r => [r.choice([...MARKS, ' '])], a => [`split it at "${a}"`, `cut it into parts at each "${a}"`], a => `split "${a}"`, (x, a) => `${x}.split("${a}")`, splitAt),
  step('truth', 'startsWith', 'end', plainWord, a => [`check if it starts with "${a}"`, `tell whether it begins with "${a}"`], a => `starts "${a}"?`, (x, a) => `${x}.startsWith("${a}")`, (s, a: string) => s.slice(0, a.length) === a),
  step('truth', 'endsWith', 'end', plainWord, a => [`check if it ends with "${a}"`, `tell whether its end is "${a}"`], a => `ends "${a}"?`, (x, a) => `${x}.endsWith("${a}")`, (s, a: string) => s.slice(s.length - a.length) === a),
  step('truth', 'contains', 'end', plainWord, a => [`check if it contains "${a}"`, `tell whether "${a}" is in it`], a => `has "${a}"?`, (x, a) => `${x}.includes("${a}")`, (s, a: string) => s.indexOf(a) >= 0),
];

function splitAt(text: string, mark: string): string[] {
  const parts = [''];
  for (const c of text) {
    if (c === mark) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

/** A random text of words, marks and stray spaces that makes a wrong step visible. */
export function randomText(random: Random, mentioned: readonly Argument[]): string {
  const pieces = [...WORDS.slice(0, 14), 'Box', 'Tree', 'HOME', 'a', 'xyz'];
  const given = mentioned.filter((a): a is string => typeof a === 'string');
  let text = random.uniform() < 0.5 ? ' ' : '';
  const count = random.integer(2, 4);
  for (let i = 0; i < count; i++) {
    const useGiven = given.length > 0 && random.uniform() < 0.4;
    const piece = useGiven ? random.choice(given) : random.choice(pieces);
    text += (i > 0 ? random.choice([' ', ...(given.length > 0 ? given : MARKS)]) : '') + piece;
  }
  return text + (random.uniform() < 0.4 ? ' ' : '');
}
