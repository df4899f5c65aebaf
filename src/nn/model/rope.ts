import type { BaseConfig } from './config.ts';
import type { Rope } from './ropeConfig.ts';

/*
 * LongRoPE has other frequencies for texts beyond its original length, L tokens, from their first token on. The tables of a
 * base with such an embedding therefore begin with L rows for texts up to there, and the rows of longer texts follow: which
 * of them a text reads is said by the positions that it is given, from 0 or from L on.
 */

/** The length above which texts read the second rows of the tables; undefined where no text does. */
export function longTextsAbove({ ropes, maxLength }: Pick<BaseConfig, 'ropes' | 'maxLength'>): number | undefined {
  const lengths = ropes.flatMap(({ scaling }) => (scaling.type === 'longrope' ? [scaling.originalLength] : []));
  const shortest = Math.min(...lengths);
  return shortest < maxLength ? shortest : undefined;
}

/** The row of the tables that the first token of a text of so many tokens reads. */
export function firstPosition(c: Pick<BaseConfig, 'ropes' | 'maxLength'>, length: number): number {
  const above = longTextsAbove(c);
  return above !== undefined && length > above ? above : 0;
}

/** Rows of the tables. */
export function rotaryRows(c: Pick<BaseConfig, 'ropes' | 'maxLength'>): number {
  return c.maxLength + (longTextsAbove(c) ?? 0);
}

/**
 * Angles of one of the base's rotary embeddings: cos and sin tables, each [rotaryRows, dim / 2], times the embedding's
 * attention factor.
 */
export function rotaryTables(
  c: Pick<BaseConfig, 'ropes' | 'maxLength'>,
  rope: Rope,
): { cos: Float32Array; sin: Float32Array } {
  const half = rope.dim / 2;
  const above = longTextsAbove(c) ?? 0;
  const size = rotaryRows(c) * half;
  const factor = 'attentionFactor' in rope.scaling ? rope.scaling.attentionFactor : 1;
  const [cos, sin] = [new Float32Array(size), new Float32Array(size)];
  const fill = (frequencies: number[], from: number, count: number) => {
    for (let t = 0; t < count; t++)
      for (let i = 0; i < half; i++) {
        // The reference computes the angle in single precision.
        const angle = Math.fround(t * Math.fround(frequencies[i]!));
        cos[(from + t) * half + i] = factor * Math.cos(angle);
        sin[(from + t) * half + i] = factor * Math.sin(angle);
      }
  };
  if (above > 0) fill(ropeFrequencies(rope, above), 0, above);
  fill(ropeFrequencies(rope, c.maxLength), above, c.maxLength);
  return { cos, sin };
}

/**
 * Radians by which each pair of numbers turns with a token, [dim / 2], in texts of so many tokens. Linear scaling: Chen et
 * al. 2023; llama3 scaling: the Llama 3.1 release; YaRN: Peng et al. 2023; LongRoPE: Ding et al. 2024; each as in
 * transformers' rope utilities.
 */
export function ropeFrequencies({ theta, dim, scaling: s }: Rope, length: number): number[] {
  const plain = Array.from({ length: dim / 2 }, (_, i) => theta ** (-i / (dim / 2)));
  if (s.type === 'none') return plain;
  if (s.type === 'linear') return plain.map(f => f / s.factor);
  if (s.type === 'longrope') {
    const factors = length > s.originalLength ? s.longFactors : s.shortFactors;
    return plain.map((f, i) => f / factors[i]!);
  }
  if (s.type === 'yarn') {
    // The dimension that turns so often within the original length.
    const dimension = (turns: number) =>
      (dim * Math.log(s.originalLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
    const [fast, slow] = [dimension(s.betaFast), dimension(s.betaSlow)];
    const low = Math.max(s.truncate ? Math.floor(fast) : fast, 0);
    const high = Math.min(s.truncate ? Math.ceil(slow) : slow, dim - 1);
    const width = low === high ? 0.001 : high - low;
    return plain.map((f, i) => {
      const stretched = Math.min(1, Math.max(0, (i - low) / width));
      return (f / s.factor) * stretched + f * (1 - stretched);
    });
  }
  return plain.map(f => {
    const wavelength = (2 * Math.PI) / f;
    if (wavelength < s.originalLength / s.highFactor) return f;
    if (wavelength > s.originalLength / s.lowFactor) return f / s.factor;
    const smooth = (s.originalLength / wavelength - s.lowFactor) / (s.highFactor - s.lowFactor);
    return ((1 - smooth) * f) / s.factor + smooth * f;
  });
}
