import { readFileSync } from 'node:fs';
import type { Random } from '../../src/nn/tensor/random.ts';
import type { Domain, Labelled, Slots } from './examples.ts';
import { domains, fill } from './examples.ts';

interface MixedTemplates {
  kinds: { source: string; count: number; share: Partial<Record<Domain, number>>; templates: string[] }[];
  slots: Slots;
}

/**
 * Requests that hold two or three kinds at once, with the share of each: what a blend is for. Beside them requests
 * that only look like it ('Write a function to sort a list and calculate the average') and belong to one expert.
 */
export function mixedExamples(random: Random): Labelled[] {
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
