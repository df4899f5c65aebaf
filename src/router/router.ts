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

/** The route of a router that has nothing to say. */
export function abstain(evidence: Evidence[] = []): Route {
  return { weights: {}, abstained: true, expert: undefined, evidence };
}
