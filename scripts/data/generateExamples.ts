/**
 * Writes {train,validation,heldout}.jsonl of examples/experts/{math,code,qa}, of examples/review and of examples/first, and
 * the held-out questions of two skills: always the same files.
 *
 *   node --import tsx scripts/data/generateExamples.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Domain, shippedExamples } from './sampleSplit.ts';
import type { Split } from './split.ts';

const folder = fileURLToPath(new URL('../../examples', import.meta.url));
const all: Split[] = ['train', 'validation', 'heldout'];
const places: [Domain, string, Split[]][] = [
  ['math', 'experts/math', all],
  ['code', 'experts/code', all],
  ['qa', 'experts/qa', all],
  ['review', 'review', all],
  ['two', 'experts/two', ['heldout']],
  ['commits', 'first', all],
];

for (const [domain, place, splits] of places) {
  mkdirSync(`${folder}/${place}`, { recursive: true });
  for (const split of splits) {
    // Training needs neither what a question is made of nor asserts, and the package for the editor is to be small.
    const isBare = split === 'train' && place !== 'review';
    const lines = shippedExamples(domain, split).map(({ messages, kind, key, tests }) =>
      JSON.stringify(isBare ? { messages } : { messages, kind, key, ...(split !== 'train' && { tests }) }),
    );
    writeFileSync(`${folder}/${place}/${split}.jsonl`, `${lines.join('\n')}\n`);
  }
}
