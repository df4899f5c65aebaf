import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors, type TensorToWrite } from '../../src/nn/files/safetensors.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { temporaryFolder } from './temporaryFolder.ts';

interface AdapterOptions {
  rank?: number;
  /** Factors are uniform in ± this. */
  size?: number;
  seed?: number;
  dtype?: TensorToWrite['dtype'];
  /** Keys of adapter_config.json, over those of a plain adapter. */
  config?: Record<string, unknown>;
  folder?: string;
}

/** Writes a PEFT folder with random factors on the given layers (path → [out, in]), and returns it. */
export function adapterFolder(
  layers: Record<string, [out: number, inputs: number]>,
  { rank = 4, size = 0.2, seed = 1, dtype = 'F32', config = {}, folder = temporaryFolder() }: AdapterOptions = {},
): string {
  const random = new Random(seed);
  const tensors = Object.entries(layers).flatMap(([path, [out, inputs]]) =>
    (
      [
        ['lora_A', [rank, inputs]],
        ['lora_B', [out, rank]],
      ] as const
    ).map(([half, shape]): TensorToWrite => {
      const data = Float32Array.from({ length: shape[0] * shape[1] }, () => 2 * size * (random.uniform() - 0.5));
      return { name: `base_model.model.${path}.${half}.weight`, dtype, shape: [...shape], data };
    }),
  );
  const names = [...new Set(Object.keys(layers).map(path => path.split('.').at(-1)!))];
  mkdirSync(folder, { recursive: true });
  const json = { peft_type: 'LORA', r: rank, lora_alpha: 2 * rank, target_modules: names, ...config };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(json));
  writeFileSync(join(folder, 'adapter_model.safetensors'), Buffer.concat(encodeSafetensors(tensors)));
  return folder;
}
