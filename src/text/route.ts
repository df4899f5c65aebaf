import { listing } from './numbers.ts';

/** That a prompt asks for what the embedded base has never seen. */
export function beyondText(words: readonly string[]): string {
  const few = words.slice(0, 6).map(word => `“${word}”`);
  const named = listing(words.length > few.length ? [...few, 'others'] : few);
  return `This is beyond the embedded base, which does not know the words ${named}; a model of the hub may.`;
}
