import type { Weights } from '../../src/protocol/target.ts';

/** What holds while weights are moved. */
export interface WeightRules {
  /** They sum to 1. */
  normalise: boolean;
  /** They may be negative: what an expert learned is then subtracted. */
  negative: boolean;
}

/** How far a slider goes; further where a weight is out there already. */
export function sliderRange(weights: Weights, { negative }: WeightRules): { min: number; max: number } {
  const values = Object.values(weights);
  const max = Math.max(1, ...values.map(Math.ceil));
  return { min: Math.min(negative ? -1 : 0, ...values.map(Math.floor)), max };
}

/**
 * The weights after one was moved. Where they sum to 1, the others that are not locked make room: in proportion to what
 * they have, or by equal steps where weights may be negative. The moved one stops where they can give no more.
 */
export function moveWeight(
  weights: Weights,
  name: string,
  value: number,
  locked: ReadonlySet<string>,
  rules: WeightRules,
): Weights {
  const wanted = rules.negative ? value : Math.max(0, value);
  if (!rules.normalise) return rounded({ ...weights, [name]: wanted });
  const others = Object.keys(weights).filter(other => other !== name);
  const free = others.filter(other => !locked.has(other));
  const room =
    1 -
    total(
      weights,
      others.filter(other => locked.has(other)),
    );
  if (free.length === 0) return rounded({ ...weights, [name]: room });
  const moved = rules.negative ? wanted : Math.min(wanted, Math.max(0, room));
  return rounded({ ...weights, ...shared(weights, free, room - moved, rules), [name]: moved });
}

/** The weights with the sum 1, as far as locks allow; those that are all 0 become equal. */
export function normalised(weights: Weights, locked: ReadonlySet<string>, rules: WeightRules): Weights {
  const names = Object.keys(weights);
  const free = names.filter(name => !locked.has(name));
  const rest =
    1 -
    total(
      weights,
      names.filter(name => locked.has(name)),
    );
  return rounded({ ...weights, ...shared(weights, free, rules.negative ? rest : Math.max(0, rest), rules) });
}

/** Every expert's weight by a table that names some of them. */
export function weightsOver(names: readonly string[], table: Weights): Weights {
  return Object.fromEntries(names.map(name => [name, table[name] ?? 0]));
}

/** Those that count. */
export function activeWeights(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).filter(([, weight]) => weight !== 0));
}

/** Whether two tables are the same blend, to what can be seen of a weight. */
export function sameWeights(one: Weights, other: Weights): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every(name => Math.abs((one[name] ?? 0) - (other[name] ?? 0)) < 0.0051);
}

/** A sum over those that are free, shared out among them. */
function shared(weights: Weights, free: readonly string[], sum: number, { negative }: WeightRules): Weights {
  const had = total(weights, free);
  const step = (sum - had) / free.length;
  const share = (name: string) => {
    if (negative) return weights[name]! + step;
    return had > 0 ? (weights[name]! * sum) / had : sum / free.length;
  };
  return Object.fromEntries(free.map(name => [name, share(name)]));
}

function total(weights: Weights, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + weights[name]!, 0);
}

/** Four digits: finer than a slider, and what a recipe is to show. */
function rounded(weights: Weights): Weights {
  // Adding 0 makes a positive zero of a negative one.
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, Math.round(weight * 1e4) / 1e4 + 0]),
  );
}
