import { nodeAt } from '../../recipe/nodes.ts';
import { readRecipe } from '../../recipe/parse.ts';
import { percent } from '../../text/numbers.ts';

/** A place in a text, as offsets. */
export interface Place {
  start: number;
  end: number;
}

/** A held-out set of a recipe, and who is tested on it. */
export interface TestedSet {
  name: string;
  place: Place;
  tests: MinimumTest[];
}

export interface MinimumTest {
  /** As the recipe names who answers. */
  system: string;
  /** Least share of right answers; without it the test measures and passes. */
  minimum?: number;
  /** Where the minimum stands, else the set. */
  place: Place;
  /** All there is to say: the editor reads a description in place of a label aloud, not after it. */
  label: string;
}

/** The tests of a recipe's text: each minimum of each set; of a set without one, its expert. */
export function testedSets(text: string): TestedSet[] {
  const { root, parts } = readRecipe(text);
  if (!root || !parts) return [];
  return Object.entries(parts.evaluation.sets).map(([name, { expert, minimum }]): TestedSet => {
    const path = ['evaluation', 'sets', name];
    const placeOf = (more: string[]): Place => {
      const { offset, length } = nodeAt(root, [...path, ...more])!.parent!;
      return { start: offset, end: offset + length };
    };
    const minima = Object.entries(minimum ?? {});
    const tests = minima.map(
      ([system, least]): MinimumTest => ({
        system,
        minimum: least,
        place: placeOf(['minimum', system]),
        label: `${systemLabel(system)} ≥ ${percent(least)}`,
      }),
    );
    // Without an expert of its own it is the router that a set is for.
    const system = expert ?? 'auto';
    const alone = { system, place: placeOf([]), label: `${systemLabel(system)} (no minimum)` };
    return { name, place: placeOf([]), tests: tests.length > 0 ? tests : [alone] };
  });
}

function systemLabel(system: string): string {
  if (system === 'auto') return 'Auto';
  return system === 'base' ? 'Base' : system;
}
