import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAdapter } from '../src/experiment/adapterFiles.ts';
import { loadBase } from '../src/experiment/base.ts';
import type { BenchBase } from './bases.ts';
import { cacheFolder } from './cacheFolder.ts';
import { randomAdapter } from './experts.ts';
import type { SyntheticDomain } from './syntheticDomains.ts';

/** Rank of the experts that a thousand are made of. */
export const tinyRank = 2;

/** A recipe of experts, one for each domain. */
export interface ManyExperts {
  recipe: string;
  /** Their names, which are those of the domains, and their adapters. */
  experts: { name: string; folder: string }[];
}

/** Random adapters and the data of their domains, made once and kept, and a recipe that names them. */
export async function manyExperts(base: BenchBase, domains: readonly SyntheticDomain[]): Promise<ManyExperts> {
  const folder = cacheFolder('scale');
  const { config } = await loadBase(base.folder);
  mkdirSync(join(folder, 'data'), { recursive: true });
  const experts = domains.map(({ name }) => ({ name, folder: join(folder, 'out', 'adapters', name) }));
  for (const [i, { name, train }] of domains.entries()) {
    const adapter = experts[i]!.folder;
    if (!existsSync(adapter)) await writeAdapter(adapter, randomAdapter(config, name, tinyRank, i));
    const lines = train.map(prompt => `${JSON.stringify({ prompt, completion: name })}\n`);
    writeFileSync(join(folder, 'data', `${name}.jsonl`), lines.join(''));
  }
  const named = domains.map(({ name }) => [name, { data: { train: `data/${name}.jsonl` } }]);
  const recipe = join(folder, `${domains.length}.lora.json`);
  writeFileSync(recipe, JSON.stringify({ version: 1, output: 'out', experts: Object.fromEntries(named) }));
  return { recipe, experts };
}
