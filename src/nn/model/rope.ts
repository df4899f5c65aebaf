import type { BaseConfig } from './config.ts';

/**
 * Angles of the rotary embedding: cos and sin tables, each [length, headDim / 2].
 * Linear scaling: Chen et al. 2023; llama3 scaling: the Llama 3.1 release, as in transformers' rope utilities.
 */
export function rotaryTables(c: BaseConfig, length: number): { cos: Float32Array; sin: Float32Array } {
  const half = c.headDim / 2;
  const frequencies = Array.from({ length: half }, (_, i) => scaledFrequency(c, c.ropeTheta ** (-i / half)));
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let t = 0; t < length; t++)
    for (let i = 0; i < half; i++) {
      // The reference computes the angle in single precision.
      const angle = Math.fround(t * Math.fround(frequencies[i]!));
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  return { cos, sin };
}

function scaledFrequency({ ropeScaling: s }: BaseConfig, frequency: number): number {
  if (s.type === 'none') return frequency;
  if (s.type === 'linear') return frequency / s.factor;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < s.originalLength / s.highFactor) return frequency;
  if (wavelength > s.originalLength / s.lowFactor) return frequency / s.factor;
  const smooth = (s.originalLength / wavelength - s.lowFactor) / (s.highFactor - s.lowFactor);
  return ((1 - smooth) * frequency) / s.factor + smooth * frequency;
}
