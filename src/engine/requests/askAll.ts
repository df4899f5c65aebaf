import { weightsOf } from '../answering/chooseExperts.ts';
import { openAnswering } from '../answering/openAnswering.ts';
import { type GenerateRow, generate } from '../runtime/generate.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Answers several prompts in one batch. */
export const handle: RequestHandler<'askAll'> = async (workbench, request, call) => {
  if (request.prompts.length === 0) return { answers: [] };
  const answering = await openAnswering(workbench, request, call);
  const rows: GenerateRow[] = [];
  for (const prompt of request.prompts) {
    const { weights } = await weightsOf(workbench, answering, request.target, [prompt], call);
    rows.push({ messages: [{ role: 'user', content: prompt }], weights, settings: answering.settings });
  }
  const { answers } = await generate(answering.model, rows, call.signal);
  return { answers: answers.map(({ text, finish }) => ({ text, finish })) };
};
