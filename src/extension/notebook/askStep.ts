import type { AskResult } from '../../protocol/engine/asking.ts';
import type { StepAnswer } from '../../protocol/notebookOutput.ts';
import type { Target } from '../../protocol/target.ts';
import { namedTarget } from '../../text/target.ts';
import type { StepContext, StepOf } from './stepContext.ts';

/** Asks, and shows the route and the text as they come. */
export async function askStep(step: StepOf<'ask'>, context: StepContext): Promise<void> {
  await answer(step.prompt, namedTarget(step), context, now => context.show(() => ({ kind: 'ask', answer: now })));
}

/** Asks one blend after the other, and shows their answers side by side. */
export async function askBlends({ prompt, blends }: StepOf<'blend'>, context: StepContext): Promise<void> {
  const { recipe, show } = context;
  const answers = blends.map(blend => ({ blend, weights: recipe.blends[blend]!, answer: { text: '' } as StepAnswer }));
  for (const each of answers)
    await answer(prompt, { kind: 'blend', name: each.blend }, context, now => {
      each.answer = now;
      show(() => ({ kind: 'blend', answers }));
    });
}

/** By the recipe's own decoding settings: an experiment has the same answers whoever runs it. */
async function answer(
  prompt: string,
  target: Target,
  { uri, engine, signal }: StepContext,
  show: (answer: StepAnswer) => void,
): Promise<void> {
  let now: StepAnswer = { text: '' };
  const add = (more: Partial<StepAnswer>) => {
    now = { ...now, ...more };
    show(now);
  };
  add({});
  const result = await engine.request(
    'ask',
    { recipe: uri.fsPath, prompt, target },
    {
      signal,
      onProgress(told) {
        if (told.kind === 'route') add({ route: told.route });
        if (told.kind === 'text') add({ text: now.text + told.text });
      },
    },
  );
  add({ text: result.text, result: figures(result) });
}

function figures({ finish, weights, answerTokens, timings }: AskResult): StepAnswer['result'] {
  return { finish, weights, answerTokens, seconds: (timings.prefillMs + timings.decodeMs) / 1000 };
}
