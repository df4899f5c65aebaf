import type { Matrix } from '../tensor/dtype.ts';
import { Random } from '../tensor/random.ts';
import type { Adapter, LoraFactors } from './adapter.ts';
import { deltaNorm } from './deltaNorm.ts';
import { factorSeed } from './initFactors.ts';

/**
 * An adapter of random factors on the same layers and of the same ranks as another, each layer's ΔW with the same norm: what
 * a change of this size does that has learned nothing. Magnitudes and tensors of its own are left out.
 */
export function randomLike(adapter: Adapter, name: string, seed: number): Adapter {
  const modules = new Map<string, LoraFactors>();
  for (const [path, factors] of adapter.modules) {
    const random = new Random(factorSeed(seed, path));
    const drawn = (m: Matrix): Matrix => ({ ...m, data: Float32Array.from(m.data, () => random.normal()) });
    const { scaling } = factors;
    const [A, B] = [drawn(factors.A), drawn(factors.B)];
    const norm = deltaNorm([{ A, B, scaling }]);
    const ratio = norm === 0 ? 0 : deltaNorm([factors]) / norm;
    modules.set(path, { A, B: { ...B, data: B.data.map(x => ratio * x) }, scaling });
  }
  return { name, config: adapter.config, modules };
}
