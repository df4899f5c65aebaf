import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAdapter } from '../src/experiment/adapterFiles.ts';
import { loadBase } from '../src/experiment/base.ts';
import type { Adapter } from '../src/nn/lora/adapter.ts';
import { adapterToGguf } from '../src/nn/lora/adapterToGguf.ts';
import { linearLayers } from '../src/nn/model/layout.ts';
import { Random } from '../src/nn/tensor/random.ts';
import type { BenchBase } from './bases.ts';
import { cacheFolder } from './cacheFolder.ts';

/** An expert of seeded random factors on all linear layers, in the formats of both sides. */
export interface BenchExpert {
  name: string;
  /** In PEFT's format. */
  folder: string;
  gguf: string;
}

/** Experts `0 … count − 1` of one rank over a base, made once and kept. Each is loaded by llama.cpp and by the engine. */
export async function randomExperts(base: BenchBase, rank: number, count: number): Promise<BenchExpert[]> {
  const { config } = await loadBase(base.folder);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const name = `r${rank}-${i}`;
      const folder = join(cacheFolder('experts', base.name), name);
      const gguf = `${folder}.gguf`;
      if (!existsSync(gguf)) {
        const adapter = randomAdapter(config, name, rank, i);
        await writeAdapter(folder, adapter);
        writeFileSync(
          gguf,
          Buffer.concat(adapterToGguf(adapter, { ...config, ...(!base.gguf && { architecture: 'llama' }) })),
        );
      }
      return { name, folder, gguf };
    }),
  );
}

/** Factors large enough to change the answers, so that an adapter that is not applied shows. */
export function randomAdapter(
  config: Parameters<typeof linearLayers>[0],
  name: string,
  rank: number,
  seed: number,
): Adapter {
  const random = new Random(1000 * rank + seed);
  const matrix = (rows: number, cols: number, bound: number) => ({
    rows,
    cols,
    data: Float32Array.from({ length: rows * cols }, () => (2 * random.uniform() - 1) * bound),
  });
  const layers = linearLayers(config);
  return {
    name,
    config: {
      rank,
      alpha: rank,
      rslora: false,
      targetModules: [...new Set(layers.map(l => l.name))],
      dropout: 0,
      taskType: 'CAUSAL_LM',
    },
    modules: new Map(
      layers.map(l => [
        l.path,
        { A: matrix(rank, l.in, 1 / Math.sqrt(l.in)), B: matrix(l.out, rank, 0.1 / Math.sqrt(rank)), scaling: 1 },
      ]),
    ),
  };
}
