import type { Target, Weights } from '../protocol/target.ts';

export const auto: Target = { kind: 'auto' };
export const base: Target = { kind: 'base' };

/** A target in one word, for settings, models and what is remembered: `auto`, `expert:math`, `weights:math=0.5,qa=0.5`. */
export function targetId(target: Target): string {
  if (target.kind === 'weights') return `weights:${weightsTable(target.weights)}`;
  return 'name' in target ? `${target.kind}:${target.name}` : target.kind;
}

/** The target that a word stands for, or undefined where it stands for none. */
export function parseTarget(id: string): Target | undefined {
  if (id === 'auto' || id === 'base') return { kind: id };
  const [, kind, rest] = /^(expert|blend|merge|weights):(.+)$/s.exec(id) ?? [];
  if (!kind || !rest) return undefined;
  if (kind !== 'weights') return { kind: kind as 'expert', name: rest };
  const weights = parseWeights(rest);
  return weights && { kind, weights };
}

/** The target of a recipe's step or a command: weights, a blend, or a name, which may be `auto`, `base`, an expert's or a merge's. */
export function namedTarget(named: { expert?: string; blend?: string; weights?: Weights }): Target {
  const { expert = 'auto', blend, weights } = named;
  if (weights) return { kind: 'weights', weights };
  if (blend !== undefined) return { kind: 'blend', name: blend };
  return expert === 'auto' || expert === 'base' ? { kind: expert } : { kind: 'expert', name: expert };
}

/** `math=0.5, code=-0.2` as a table; undefined where it is none. */
export function parseWeights(text: string): Weights | undefined {
  const weights: Weights = {};
  for (const part of text.split(',')) {
    const [, name, value] =
      /^\s*([A-Za-z0-9][\w.-]*)\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i.exec(part) ?? [];
    if (!name || value === undefined) return undefined;
    weights[name] = Number(value);
  }
  return weights;
}

export function weightsTable(weights: Weights): string {
  return Object.entries(weights)
    .map(([name, weight]) => `${name}=${weight}`)
    .join(',');
}

/** A target as people read it. */
export function targetLabel(target: Target): string {
  switch (target.kind) {
    case 'auto':
      return 'Auto';
    case 'base':
      return 'Base';
    case 'weights':
      return weightsText(target.weights);
    default:
      return target.name;
  }
}

/** Weights from the largest, with two digits. */
export function weightsText(weights: Weights): string {
  const entries = Object.entries(weights).sort((a, b) => b[1] - a[1]);
  return entries.map(([name, weight]) => `${name} ${weight.toFixed(2)}`).join(' · ') || 'the base alone';
}
