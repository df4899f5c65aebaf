import { Random } from '../src/nn/tensor/random.ts';

/** A made-up domain: prompts to learn from, and others that are phrased otherwise. */
export interface SyntheticDomain {
  name: string;
  train: string[];
  heldOut: string[];
}

const onsets = [
  'b',
  'br',
  'c',
  'cr',
  'd',
  'f',
  'g',
  'gl',
  'h',
  'k',
  'l',
  'm',
  'n',
  'p',
  'pr',
  'r',
  's',
  'st',
  't',
  'v',
];
const vowels = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea', 'ou'];
const codas = ['', 'n', 'r', 'l', 's', 'm', 'nd', 'rt', 'x'];

const learned = [
  'What does the A do to the B?',
  'How do I set the A of a B?',
  'Explain the A and the B.',
  'My A shows C after I changed the B. Why?',
  'List every A that a B can have.',
  'Is the A allowed when the B is C?',
  'Give me an example of a B with two A.',
  'Which A should I take for a C B?',
];
const unseen = [
  'We lost the A yesterday, is there a way to get the B back?',
  'Compare A with B for somebody new to C.',
  'Tell me when a B is better than an A.',
  'Can you check whether this A fits our B?',
];

/** Words of a domain's own, and of those that it shares with others: as many of each in a prompt, on average. */
const ownWords = 16;
const sharedWords = 24;

/**
 * Domains that differ in their words and not in their phrasing: each has some that no other has, and as many of a pool that
 * all draw from. Held-out prompts have the domain's words in sentences that none was trained on.
 */
export function syntheticDomains(count: number, { train = 20, heldOut = 4 } = {}): SyntheticDomain[] {
  const random = new Random(11);
  const known = new Set<string>();
  const word = () => {
    for (;;) {
      const syllable = () => random.choice(onsets) + random.choice(vowels) + random.choice(codas);
      const made = Array.from({ length: 2 + Math.floor(2 * random.uniform()) }, syllable).join('');
      if (known.has(made)) continue;
      known.add(made);
      return made;
    }
  };
  const pool = Array.from({ length: 1500 }, word);
  return Array.from({ length: count }, (_, i) => {
    const own = Array.from({ length: ownWords }, word);
    const shared = Array.from({ length: sharedWords }, () => random.choice(pool));
    const write = (templates: string[]) =>
      random.choice(templates).replace(/\b[ABC]\b/g, () => random.choice(random.uniform() < 0.5 ? own : shared));
    return {
      name: `domain-${i}`,
      train: Array.from({ length: train }, () => write(learned)),
      heldOut: Array.from({ length: heldOut }, () => write(unseen)),
    };
  });
}
