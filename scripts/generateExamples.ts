/**
 * Writes examples/experts/{math,code,qa}/{train,validation,heldout}.jsonl. Same seed, same files.
 *
 *   node --import tsx scripts/generateExamples.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Domain, sampleSplit } from '../src/core/data/generate/sampleSplit.ts';
import type { Split } from '../src/core/data/generate/split.ts';

const SEED = 20260;
const COUNTS: Record<Split, number> = { train: 6000, validation: 150, heldout: 300 };
const folder = fileURLToPath(new URL('../examples/experts', import.meta.url));

(['math', 'code', 'qa'] as Domain[]).forEach((domain, i) => {
  mkdirSync(`${folder}/${domain}`, { recursive: true });
  (['train', 'validation', 'heldout'] as Split[]).forEach((split, j) => {
    const examples = sampleSplit(domain, split, COUNTS[split], SEED + 10 * i + j);
    // Training runs no code: asserts are for the parts that are scored.
    const lines = examples.map(({ messages, kind, key, tests }) =>
      JSON.stringify({ messages, kind, key, ...(split !== 'train' && { tests }) }),
    );
    writeFileSync(`${folder}/${domain}/${split}.jsonl`, `${lines.join('\n')}\n`);
  });
});
