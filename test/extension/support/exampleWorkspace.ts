import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const examples = fileURLToPath(new URL('../../../examples/experts/', import.meta.url));

/** How much is learned and measured: the example's own recipe takes minutes. */
export interface ExampleSize {
  steps: number;
  /** Held-out examples of each set. */
  limit: number;
}

/** Copies the example workspace, without what was trained in it, and gives its recipe's path and text. */
export function copyExample(folder: string, { steps, limit }: ExampleSize): { path: string; text: string } {
  cpSync(examples, folder, { recursive: true, filter: path => !/[\\/]runs($|[\\/])/.test(path) });
  const path = join(folder, 'experts.lora.json');
  const text = readFileSync(path, 'utf8')
    .replace(/"steps": \d+(?=,\s*"validateEvery")/, `"steps": ${steps}`)
    .replace('"validateEvery": 300', `"validateEvery": ${Math.ceil(steps / 8)}`)
    .replaceAll('"scorer"', `"limit": ${limit}, "scorer"`);
  writeFileSync(path, text);
  return { path, text };
}
