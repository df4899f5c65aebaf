import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBase } from '../../src/experiment/base.ts';
import { writeGgufModel } from '../../src/experiment/ggufModel.ts';
import { encodeGgufHead, type GgufValue } from '../../src/nn/files/gguf.ts';

/** The embedded base as one GGUF file, with 16 bits a weight as in its own. */
export async function embeddedGguf(path: string): Promise<void> {
  const base = await loadBase(fileURLToPath(new URL('../../media/base', import.meta.url)));
  mkdirSync(dirname(path), { recursive: true });
  await writeGgufModel(base, [], path, { name: 'Embedded', type: 'F16' });
}

/** What a GGUF file begins with that says this of a model. */
export function ggufStart(metadata: Record<string, string | number | string[]>): Buffer {
  const entries = Object.entries(metadata).map(([key, value]) => [key, typed(value)] as const);
  return Buffer.concat(encodeGgufHead(new Map(entries), []).head);
}

function typed(value: string | number | string[]): GgufValue {
  if (typeof value === 'string') return { string: value };
  return typeof value === 'number' ? { uint32: value } : { strings: value };
}
