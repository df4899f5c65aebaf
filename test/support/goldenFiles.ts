import { readFileSync } from 'node:fs';
import { parseSafetensorsHeader, readTensorF32 } from '../../src/nn/files/safetensors.ts';

/** Reference numbers computed with PEFT and transformers. */
const golden = new URL('../golden/', import.meta.url);

/** Path of a golden folder or file. */
export function goldenPath(path: string): string {
  return new URL(path, golden).pathname;
}

// biome-ignore lint/suspicious/noExplicitAny: each golden file has a shape of its own
export function goldenJson(path: string): any {
  return JSON.parse(readFileSync(new URL(path, golden), 'utf8'));
}

/** A tensor of a golden safetensors file, by name. Throws where the file does not hold it. */
export function goldenTensors(path: string): (name: string) => Float32Array {
  const bytes = new Uint8Array(readFileSync(new URL(path, golden)));
  const { tensors } = parseSafetensorsHeader(bytes, bytes.length, path);
  return name => {
    const entry = tensors.get(name);
    if (!entry) throw new Error(`${path} holds no tensor ${name}`);
    return readTensorF32(entry, bytes.subarray(entry.begin, entry.end));
  };
}
