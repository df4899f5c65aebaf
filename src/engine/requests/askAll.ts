import type { AskAllResult } from '../../protocol/engine/asking.ts';
import { weightsOf } from '../answering/chooseExperts.ts';
import { openAnswering } from '../answering/openAnswering.ts';
import { askElsewhere } from '../elsewhere/askElsewhere.ts';
import { answered } from '../elsewhere/openElsewhere.ts';
import { type GenerateRow, generate } from '../runtime/generate.ts';
import { ahead } from '../runtime/precedence.ts';
import type { EngineCall, RequestHandler } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { modelLane } from './lanes.ts';

/** Answers several prompts in one batch, or an engine elsewhere all at once. */
export const handle: RequestHandler<'askAll'> = async (workbench, request, call) => {
  if (request.prompts.length === 0) return { answers: [] };
  return answered(workbench, request, call, {
    async elsewhere(from, { signal }) {
      const silent = { signal, progress() {} };
      const answers = await Promise.all(
        request.prompts.map(prompt => askElsewhere(workbench, from, { ...request, prompt }, silent)),
      );
      return { answers: answers.map(({ text, finish }) => ({ text, finish })) };
    },
    here: () => modelLane.run(() => ahead(() => askHere(workbench, request, call)), call.signal),
  });
};

async function askHere(
  workbench: Workbench,
  request: Parameters<typeof handle>[1],
  call: EngineCall<'askAll'>,
): Promise<AskAllResult> {
  const answering = await openAnswering(workbench, request, call);
  const rows: GenerateRow[] = [];
  for (const prompt of request.prompts) {
    const { weights } = await weightsOf(workbench, answering, request.target, [prompt], call);
    rows.push({ messages: [{ role: 'user', content: prompt }], weights, settings: answering.settings });
  }
  const { answers } = await generate(answering.model, rows, call.signal);
  return { answers: answers.map(({ text, finish }) => ({ text, finish })) };
}
