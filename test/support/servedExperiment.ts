import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapterFolder } from './adapterFolder.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const layers = Object.fromEntries(
  [0, 1, 2, 3].map(layer => [`model.layers.${layer}.self_attn.q_proj`, [256, 256] as [number, number]]),
);

/** An adapter of the embedded base that changes what it says, another for each seed. */
export function loudAdapter(seed: number): string {
  return adapterFolder(layers, { seed, size: 0.6 });
}

/** A recipe over the embedded base whose experts need no training: `math`, `code`, and blends of both. */
export function servedExperiment(): string {
  const path = join(temporaryFolder(), 'served.lora.json');
  const recipe = {
    router: { kind: 'keywords' },
    experts: {
      math: { adapter: loudAdapter(1) },
      code: { adapter: loudAdapter(2) },
      later: { data: { train: 'x.jsonl' } },
    },
    generation: { maxTokens: 12 },
    blends: { half: { math: 0.5, code: 0.5 }, math: { math: 0.2, code: 0.8 } },
  };
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}
