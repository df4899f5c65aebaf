import type { Random } from '../../src/nn/tensor/random.ts';
import type { Labelled } from './examples.ts';
import { oneHot } from './examples.ts';

/** Keyboard noise, lone signs and invented words: nothing that speaks for an expert. */
export function gibberish(count: number, random: Random): Labelled[] {
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
