/**
 * Writes an adapter's factors in half floats, for a fixture half the size.
 *
 *   node --import tsx scripts/data/halveAdapter.ts FROM TO
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '../../src/experiment/safetensorsFile.ts';
import { encodeSafetensors } from '../../src/nn/files/safetensors.ts';

const [from, to] = process.argv.slice(2);
if (!from || !to) throw new Error('usage: node --import tsx scripts/data/halveAdapter.ts FROM TO');
const { tensors, metadata } = await readSafetensors(join(from, 'adapter_model.safetensors'), 'the factors');
mkdirSync(to, { recursive: true });
copyFileSync(join(from, 'adapter_config.json'), join(to, 'adapter_config.json'));
const halved = [...tensors].map(([name, { shape, data }]) => ({ name, dtype: 'F16' as const, shape, data }));
writeFileSync(join(to, 'adapter_model.safetensors'), Buffer.concat(encodeSafetensors(halved, metadata)));
