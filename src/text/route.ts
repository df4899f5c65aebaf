import { listing } from './numbers.ts';

/** That a prompt asks for what the demonstration base, or the expert for it, has never seen. */
export function beyondText(words: readonly string[]): string {
  const few = words.slice(0, 6).map(word => `“${word}”`);
  const named = listing(words.length > few.length ? [...few, 'others'] : few);
  return `This is beyond the demonstration base, whose experts were not trained on ${named}; a base model of the hub may know.`;
}
