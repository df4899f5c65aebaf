import { type GenerateRow, generate } from '../runtime/generate.ts';
import { openAnswering, weightsOf } from '../workbench/answering.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Answers several prompts in one batch. */
export const handle: RequestHandler<'askAll'> = async (workbench, request, call) => {
  if (request.prompts.length === 0) return { answers: [] };
  const answering = await openAnswering(workbench, request, call);
  const rows = request.prompts.map(async (prompt): Promise<GenerateRow> => {
    const { weights } = await weightsOf(answering, request.target, prompt);
    return { messages: [{ role: 'user', content: prompt }], weights, settings: answering.settings };
  });
  const { answers } = await generate(answering.model, await Promise.all(rows), call.signal);
  return { answers: answers.map(({ text, finish }) => ({ text, finish })) };
};
