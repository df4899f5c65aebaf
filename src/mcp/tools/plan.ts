import * as z from 'zod';
import type { PlanResult } from '../../protocol/engine/training.ts';
import { bytes, count, duration, magnitude } from '../../text/numbers.ts';
import { defineTool, reads, recipeInput } from '../tool.ts';

export const plan = defineTool({
  name: 'plan',
  title: 'Plan a training',
  description:
    'Predicts the memory and the time that training a recipe takes on this machine, and whether it fits; nothing is trained.',
  input: z.strictObject({
    recipe: recipeInput,
    text: z.string().optional().describe('The recipe as it will be saved, in place of its file.'),
    only: z.array(z.string()).min(1).optional().describe('These experts alone.'),
  }),
  annotations: reads,

  async run({ recipe, text, only }, { place, engine, signal, progress }) {
    const found = await engine.request('plan', { recipe: place(recipe), text, only }, { signal, onProgress: progress });
    return { text: planText(found), data: { ...found } };
  },
});

function planText(p: PlanResult): string {
  return [
    `${p.fits ? 'fits' : 'DOES NOT FIT'}: about ${bytes(p.totalBytes)} at the peak, ${bytes(p.budgetBytes)} are ${p.isLimit ? 'allowed' : 'free'}; about ${duration(p.time.seconds)} on ${p.device} for ${count(p.time.steps)} steps${p.recompute ? '; activations are computed again' : ''}`,
    ...p.experts.map(
      e =>
        `${e.name}: rank ${e.rank} on ${e.layers} layers, ${magnitude(e.parameters)} parameters; ${count(e.examples)} examples, ${count(e.steps)} steps, ${e.epochs.toFixed(1)} epochs; learning rate ${e.learningRate}${e.isRateAuto ? ' (auto)' : ''}`,
    ),
    ...p.fitted.map(
      f =>
        `${f.name} (${f.method}), fitted afterwards: ${f.problem ?? `about ${duration(f.seconds!)}, ${bytes(f.totalBytes!)}`}`,
    ),
    ...p.experts.flatMap(e => e.problems.map(({ message }) => `note: ${e.name}: ${message}`)),
    ...p.notes.map(note => `note: ${note}`),
  ].join('\n');
}
