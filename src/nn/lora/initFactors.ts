import { Random } from '../tensor/random.ts';

/** A hash of a text (FNV-1a), which seeds an expert's own random numbers whichever experts train with it. */
export function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** The seed of an expert's first factors, in a recipe with this seed. */
export function factorSeed(seed: number, expert: string): number {
  return (seed ^ Math.imul(hashName(expert), 0x85ebca6b)) >>> 0;
}

/**
 * Fresh factors as one flat vector: A uniform in ±1/√in (kaiming_uniform with a = √5, as PEFT), B zero, so that an
 * untrained adapter leaves the base unchanged (Hu et al. 2021, §4.1). `tensors` lists A and B in their order; magnitudes
 * and biases among them are left at zero, for the norms of the base's rows, and for the base's biases.
 */
export function initFactors(tensors: { name: string; shape: number[] }[], seed: number): Float32Array {
  const random = new Random(seed);
  const sizes = tensors.map(t => t.shape.reduce((a, b) => a * b, 1));
  const flat = new Float32Array(sizes.reduce((a, b) => a + b, 0));
  let at = 0;
  for (const [i, t] of tensors.entries()) {
    if (t.name.endsWith('lora_A.weight')) {
      const bound = 1 / Math.sqrt(t.shape[1]!);
      for (let j = 0; j < sizes[i]!; j++) flat[at + j] = (2 * random.uniform() - 1) * bound;
    }
    at += sizes[i]!;
  }
  return flat;
}
