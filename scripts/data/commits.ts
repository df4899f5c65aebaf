import type { Random } from '../../src/nn/tensor/random.ts';
import type { GeneratedExample } from './split.ts';

/** What a change does, said as commit messages say it: each kind has verbs and things of its own, and things that all share. */
const KINDS: Record<string, { verbs: string[]; things: string[] }> = {
  fix: {
    verbs: ['Fix', 'Correct', 'Repair', 'Prevent', 'Handle'],
    things: ['the crash on start', 'a wrong sum in the total', 'an error when the file is empty', 'a leak of memory'],
  },
  feature: {
    verbs: ['Add', 'Support', 'Allow', 'Introduce', 'Offer'],
    things: ['a button for export', 'search by name', 'a dark theme', 'an option to sort by date'],
  },
  docs: {
    verbs: ['Document', 'Describe', 'Explain', 'Reword', 'Illustrate'],
    things: ['the install steps in the README', 'how to run the tests', 'every setting', 'the license of the data'],
  },
  test: {
    verbs: ['Test', 'Cover', 'Check', 'Assert', 'Verify'],
    things: ['that a long name is cut', 'the parser with an empty file', 'two users at once', 'the sum of a list'],
  },
  refactor: {
    verbs: ['Rename', 'Move', 'Split', 'Simplify', 'Extract'],
    things: ['the helper into its own file', 'a long function in two', 'the loop in the parser', 'the old names'],
  },
};
const SHARED = [
  'the list of users',
  'the export of tables',
  'the search by date',
  'the menu of colors',
  'the cache of pages',
  'the price of an order',
  'the parser of numbers',
  'the start page',
  'the login form',
  'the names of files',
  'the timer of a game',
  'the sort by size',
];
const PHRASINGS = ['Kind of change: {}', 'Which kind of change is this? {}', '{}'];

/** One commit message and the kind of change that it is. */
export function commitExample(random: Random): GeneratedExample {
  const kind = random.choice(Object.keys(KINDS));
  const { verbs, things } = KINDS[kind]!;
  const message = `${random.choice(verbs)} ${random.choice([...things, ...SHARED])}`;
  return {
    messages: [
      { role: 'user', content: random.choice(PHRASINGS).replace('{}', message) },
      { role: 'assistant', content: kind },
    ],
    kind,
    key: `commit:${message}`,
  };
}
