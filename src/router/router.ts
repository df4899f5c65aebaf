/** One reason for a route: what in the prompt spoke for which expert, and how strongly. */
export interface Evidence {
  expert: string;
  /** The word, phrase, word part (`quad…`) or structure (`[equation]`) that was seen. */
  feature: string;
  /** How far it moved the decision: table points (keywords) or logits against the mean of the others (learned). */
  contribution: number;
}

/** What a router says about one prompt. */
export interface Route {
  /** Weight per expert name; they sum to 1. Empty when the router abstained: the base then answers alone. */
  weights: Record<string, number>;
  abstained: boolean;
  /** The one expert that gets everything; undefined for a blend or when the router abstained. */
  expert: string | undefined;
  /** Strongest first. */
  evidence: Evidence[];
}

/** Pure and synchronous: the same prompt always gives the same route. */
export type Router = (prompt: string) => Route;

/** The route of a router that abstains. */
export function abstain(evidence: Evidence[] = []): Route {
  return { weights: {}, abstained: true, expert: undefined, evidence };
}

/**
 * The rules that turn a distribution into a route.
 *
 * - `single`: from this share on, one expert answers alone. A blend runs more columns of the adapter bank, and on a
 *   prompt of one kind a tenth of a foreign expert only blurs the answer.
 * - `drop`: a share below this is left out of a blend: it would cost its columns and change next to nothing.
 */
export const blendRules = { single: 0.75, drop: 0.04 };

/**
 * Turns shares (any non-negative numbers, one per expert) into weights that sum to 1.
 * Returns an empty object when no share is positive.
 */
export function blendWeights(shares: Record<string, number>, rules = blendRules): Record<string, number> {
  const total = sum(Object.values(shares));
  if (!(total > 0)) return {};
  const ranked = Object.entries(shares)
    .map(([expert, share]) => [expert, share / total] as const)
    .sort((a, b) => b[1] - a[1]);
  const [top, topShare] = ranked[0]!;
  if (topShare >= rules.single) return { [top]: 1 };
  const kept = ranked.filter(([expert, share]) => share >= rules.drop || expert === top);
  const keptTotal = sum(kept.map(([, share]) => share));
  return Object.fromEntries(kept.map(([expert, share]) => [expert, share / keptTotal]));
}

/** The route for these shares: a single expert or a blend; abstains when no share is positive. */
export function routeFromShares(shares: Record<string, number>, evidence: Evidence[]): Route {
  const weights = blendWeights(shares);
  const experts = Object.keys(weights);
  if (experts.length === 0) return abstain(evidence);
  return { weights, abstained: false, expert: experts.length === 1 ? experts[0] : undefined, evidence };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
