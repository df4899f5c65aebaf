import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';
import { parseBaseConfig } from '../../src/nn/model/config.ts';
import { baseTensors } from '../../src/nn/model/layout.ts';
import { Random } from '../../src/nn/tensor/random.ts';

const embedded = fileURLToPath(new URL('../../media/base/', import.meta.url));

/**
 * Writes a base with the embedded base's tokenizer and seeded random weights, of any shape: `changes` are those of
 * config.json.
 */
export function randomBase(folder: string, dtype: 'F16' | 'BF16', changes: Record<string, unknown>): void {
  const config = { ...JSON.parse(readFileSync(join(embedded, 'config.json'), 'utf8')), ...changes };
  const random = new Random(1);
  const tensors = [...baseTensors(parseBaseConfig(config))].map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    if (name.endsWith('norm.weight')) data.fill(1);
    else for (let i = 0; i < data.length; i++) data[i] = (random.uniform() - 0.5) / 8;
    return { name, dtype, shape, data };
  });
  mkdirSync(folder, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(embedded, file), join(folder, file));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat(encodeSafetensors(tensors)));
}
