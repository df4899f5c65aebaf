import { bytes, count, plural, significant } from '../../text/numbers.ts';
import type { ExpertFigures, TrainingFigures } from './expertFigures.ts';

/** `81,920 parameters, 327.7 kB`. */
export function sizeText({ parameters, bytes: size }: ExpertFigures): string | undefined {
  return parameters === undefined || size === undefined ? undefined : `${count(parameters)} parameters, ${bytes(size)}`;
}

/** `scaling 32 / 16 = 2`. */
export function scalingText({ alpha, rank, rslora, scaling }: ExpertFigures): string {
  return `scaling ${significant(alpha)} / ${rslora ? '√' : ''}${rank} = ${significant(scaling)}`;
}

/** `3,000 examples, 5,600 steps, 15 epochs`. */
export function stepsText({ examples, steps, epochs }: TrainingFigures): string {
  return `${plural(examples, 'example')}, ${plural(steps, 'step')}, ${significant(epochs)} epochs`;
}
