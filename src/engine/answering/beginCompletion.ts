import { gapPrompt } from '../../data/promptOf.ts';
import { callForm, toolNames } from '../../nn/tokenizer/callForm.ts';
import type { CallSyntax } from '../../nn/tokenizer/callSyntax.ts';
import type { FillPrompt } from '../../nn/tokenizer/fillPrompt.ts';
import { toolPrompt } from '../../nn/tokenizer/toolPrompt.ts';
import type { CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { createConstraint } from '../constraints/createConstraint.ts';
import type { ContinuousBatch } from '../runtime/continuousBatch.ts';
import { fillGap } from '../runtime/fillGap.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { answerProgress } from './answerProgress.ts';
import { chooseExperts } from './chooseExperts.ts';
import type { Completion } from './completions.ts';
import { logprobCollector } from './logprobs.ts';
import type { Answering } from './openAnswering.ts';

/** Routes a request, and adds a row to the batch for each answer that it wants. */
export async function beginCompletion(
  { request, call, came }: Completion,
  answering: Answering,
  batch: ContinuousBatch,
  workbench: Workbench,
): Promise<{ result: Promise<CompleteResult> }> {
  const { model, settings } = answering;
  const waitMs = performance.now() - came;
  const chosen = await chooseExperts(workbench, answering, request.target, userTexts(request), call);
  const { prompt, fill, calls } = promptOf(request, answering);
  const { input, format } = request;
  const tools = input.kind === 'chat' ? input.tools : undefined;
  const form = calls && tools ? callForm(calls, tools) : undefined;
  const names = toolNames(tools ?? []);
  const text = model.base.text();
  // What cannot be held to is refused before any answer begins.
  const constraints = await Promise.all(
    Array.from({ length: request.count ?? 1 }, () => format && createConstraint(text, format, form)),
  );
  const answers = constraints.map((constraint, answer) => {
    const logprobs = request.logprobs === undefined ? undefined : logprobCollector(text, request.logprobs);
    const seed = settings.seed + answer;
    const isChat = input.kind === 'chat';
    const told = answerProgress(model, { answer, seed, prompt, isChat, calls, tools: names, logprobs }, call.progress);
    const ended = batch.add({
      prompt,
      fill,
      weights: chosen.weights,
      constraint,
      settings: { ...settings, seed },
      shownIds: told.shownIds,
      endsRepeats: isChat && !request.format,
      signal: call.signal,
      onToken: logprobs?.add,
      onText: told.add,
      ...(answer === 0 && { onShares: chosen.onShares }),
    });
    return ended.then(end => ({ ended: end, answer: told.end(end) })).finally(() => constraint?.dispose());
  });
  const result = Promise.all(answers).then(all => ({
    answers: all.map(({ answer }) => answer),
    ...chosen.told(),
    promptTokens: prompt.length,
    cachedTokens: all[0]!.ended.cachedTokens,
    timings: {
      waitMs,
      prefillMs: all[0]!.ended.prefillMs,
      decodeMs: Math.max(...all.map(({ ended }) => ended.decodeMs)),
    },
  }));
  return { result };
}

/** What the router reads: the texts of the user, the oldest first. */
export function userTexts({ input }: Pick<CompleteRequest, 'input'>): string[] {
  if (input.kind === 'chat') return input.messages.filter(m => m.role === 'user').map(m => m.content);
  return [input.kind === 'text' ? input.text : gapPrompt(input.prefix, input.suffix)];
}

/** The prompt in tokens, with the gap that it is for, or with how its answer calls tools. */
interface Prompt {
  prompt: number[];
  fill?: FillPrompt;
  calls?: CallSyntax;
}

function promptOf({ input }: CompleteRequest, { model, settings }: Answering): Prompt {
  const { tokenizer, chatTemplate } = model.base.text();
  switch (input.kind) {
    case 'chat':
      return toolPrompt(tokenizer, chatTemplate, input, settings.thinking);
    case 'text': {
      const prompt = tokenizer.encode(input.text);
      if (prompt.length > 0) return { prompt };
      throw new WorkbenchError('badRequest', 'the prompt is empty, and this base has no token by which a text begins');
    }
    case 'fill': {
      const fill = fillGap(model, input, settings);
      return { prompt: fill.ids, fill };
    }
  }
}
