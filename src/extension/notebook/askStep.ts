import type { AskResult } from '../../protocol/engine/engineApi.ts';
import type { StepAnswer } from '../../protocol/notebookOutput.ts';
import { type QuestionParams, sendQuestion } from '../ask/sendQuestion.ts';
import type { StepContext, StepOf } from './stepContext.ts';

/** Asks, and shows the route and the text as they come. */
export async function askStep({ prompt, expert, weights, blend }: StepOf<'ask'>, context: StepContext): Promise<void> {
  await answer({ prompt, expert, weights, blend }, context, now => context.show(() => ({ kind: 'ask', answer: now })));
}

/** Asks one blend after the other, and shows their answers side by side. */
export async function askBlends({ prompt, blends }: StepOf<'blend'>, context: StepContext): Promise<void> {
  const { recipe, show } = context;
  const answers = blends.map(blend => ({ blend, weights: recipe.blends[blend]!, answer: { text: '' } as StepAnswer }));
  for (const each of answers)
    await answer({ prompt, blend: each.blend }, context, now => {
      each.answer = now;
      show(() => ({ kind: 'blend', answers }));
    });
}

/** By the recipe's own decoding settings: an experiment has the same answers whoever runs it. */
async function answer(
  params: QuestionParams,
  { uri, engine, signal }: StepContext,
  show: (answer: StepAnswer) => void,
): Promise<void> {
  let now: StepAnswer = { text: '' };
  const add = (more: Partial<StepAnswer>) => {
    now = { ...now, ...more };
    show(now);
  };
  add({});
  const result = await sendQuestion(
    engine,
    { recipe: uri.fsPath, ...params },
    { signal, onRoute: route => add({ route }), onText: text => add({ text: now.text + text }) },
  );
  add({ text: result.text, result: figures(result) });
}

function figures({ finish, weights, answerTokens, timings }: AskResult): StepAnswer['result'] {
  return { finish, weights, answerTokens, seconds: (timings.prefillMs + timings.decodeMs) / 1000 };
}
