import type { JSONPath } from 'jsonc-parser';
import { count, duration, significant } from '../../text/numbers.ts';
import { nodeAt } from '../nodes.ts';
import type { RecipeReading } from '../parse.ts';
import { keyOf } from '../problem.ts';
import { figuresOfExperts, scalingText, sizeText, stepsText } from './expertFigures.ts';
import type { RecipeWorld } from './recipeWorld.ts';

/** A computed value, shown behind what it is computed from. */
export interface InlayHint {
  offset: number;
  text: string;
}

/** Gates that a hint lists. */
const mostGates = 20;

/** Behind each expert its size, scaling and training, behind each blend the gates of its experts. */
export function inlayHintsOf({ root, parts }: RecipeReading, world: RecipeWorld): InlayHint[] {
  if (!root || !parts) return [];
  const behind = (path: JSONPath, texts: (string | undefined)[]): InlayHint[] => {
    const node = nodeAt(root, path);
    const text = texts.filter(Boolean).join('; ');
    if (!node || !text) return [];
    const key = keyOf(node);
    return [{ offset: key.offset + key.length, text }];
  };
  const figuresOf = figuresOfExperts(parts, world);
  const experts = Object.keys(parts.experts).flatMap(name => {
    const figures = figuresOf(name);
    if (!figures) return [];
    const { training } = figures;
    const seconds = training?.seconds && `about ${duration(training.seconds)}${training.isGuess ? ' (a guess)' : ''}`;
    const steps = training && stepsText(training);
    return behind(['experts', name], [sizeText(figures), scalingText(figures), steps, seconds || undefined]);
  });
  const blends = Object.entries(parts.blends).flatMap(([name, weights]) => {
    const entries = Object.entries(weights);
    const gates = entries.slice(0, mostGates).flatMap(([expert, weight]) => {
      const scaling = figuresOf(expert)?.scaling;
      return scaling === undefined ? [] : [`${expert} ${significant(weight * scaling)}`];
    });
    const more = entries.length > mostGates ? ` and ${count(entries.length - mostGates)} more` : '';
    return behind(['blends', name], [gates.length > 0 ? `gates ${gates.join(', ')}${more}` : undefined]);
  });
  return [...experts, ...blends];
}
