import type { Random } from '../../src/nn/tensor/random.ts';
import { functionName } from '../data/codeProblem.ts';
import { inventedWord } from '../data/qaDefinitions.ts';
import { COLORS, JOBS, NAMES, OBJECTS, PLACES } from '../data/qaWords.ts';
import { FILLER, joinPieces, type Piece } from './corpusPiece.ts';

const WORDS = [...PLACES, ...OBJECTS, ...JOBS, ...COLORS, ...NAMES];
const ITEMS: ((random: Random) => string)[] = [
  random => random.choice(WORDS),
  random => random.choice(NAMES),
  random => inventedWord(random),
  random => String(random.integer(0, 99)),
  random => String(random.integer(-40, 999)),
  random => functionName(random),
];

function distinct(count: number, make: () => string): string[] {
  const items = new Set<string>();
  while (items.size < count) items.add(make());
  return [...items];
}

/** Pairs in a list, and every pair looked up once in another order, sometimes by value. */
export function pairsDocument(random: Random): Piece[] {
  const count = random.integer(3, 8);
  const [makeKey, makeValue] = [random.choice(ITEMS), random.choice(ITEMS)];
  const keys = distinct(count, () => makeKey(random));
  const values = distinct(count, () => makeValue(random));
  const mark = random.choice([' = ', ': ', ' -> ', ' is ', ' has ', ' - ']);
  const end = random.choice([', ', '; ', '\n', '. ']);
  const backward = random.uniform() < 0.3;
  const listed = keys.map((key, i) => `${key}${mark}${values[i]}`).join(end);
  const asked = random.shuffle(keys.map((_, i) => i)).map((i): Piece[] => {
    const [query, found] = backward ? [values[i]!, keys[i]!] : [keys[i]!, values[i]!];
    return random.uniform() < 0.5
      ? [
          [`${query}${mark}`.trimEnd(), FILLER],
          [` ${found}`, 1],
        ]
      : [
          [`${query}?\n`, FILLER],
          [found, 1],
        ];
  });
  return [[`${listed}\n`, FILLER], ...joinPieces(asked, '\n'), ['\n', 0.3]];
}

/** A row of words written again: straight, quoted, numbered, or one after the other. */
export function copyDocument(random: Random): Piece[] {
  const make = random.choice(ITEMS);
  const words = distinct(random.integer(3, 9), () => make(random));
  const row = words.join(' ');
  const manner = random.integer(0, 4);
  if (manner === 0)
    return [
      [`${row}\n`, FILLER],
      [`${row}\n${row}\n`, 1],
    ];
  if (manner === 1)
    return [
      [`"${row}" again:`, FILLER],
      [` "${row}"\n`, 1],
    ];
  if (manner === 2)
    return [
      [`${row}\n`, FILLER],
      [`${words.map((w, i) => `${i + 1}. ${w}`).join('\n')}\n`, 1],
    ];
  if (manner === 3)
    return [
      [`${row}\nbackwards:`, FILLER],
      [` ${[...words].reverse().join(' ')}\n`, 1],
    ];
  const order = random.shuffle(words.slice(0, -1).map((_, i) => i));
  return [
    [`${words.join(', ')}\n`, FILLER],
    ...order.flatMap((i): Piece[] => [
      [`after ${words[i]}:`, FILLER],
      [` ${words[i + 1]}\n`, 1],
    ]),
  ];
}

const REQUESTS: ((row: string) => string)[] = [
  row => `Say again: ${row}`,
  row => `${row}\nRepeat this.`,
  row => `"${row}" once more, please.`,
  row => `Copy these words: ${row}`,
];

/** Turns of a chat that ask for nothing but words to be written again: the marks of turns and roles are learned there. */
export function chatDocument(random: Random): Piece[] {
  const make = random.choice(ITEMS);
  return Array.from({ length: random.integer(1, 3) }).flatMap((): Piece[] => {
    const row = distinct(random.integer(1, 6), () => make(random)).join(' ');
    return [
      ['<|im_start|>user\n', 1],
      [random.choice(REQUESTS)(row), FILLER],
      ['<|im_end|>\n<|im_start|>assistant\n', 1],
      [`${row}<|im_end|>\n`, 1],
    ];
  });
}
