import { gapPrompt } from '../../data/promptOf.ts';
import { callAlternatives, toolNames } from '../../nn/tokenizer/callAlternatives.ts';
import type { CallSyntax } from '../../nn/tokenizer/callSyntax.ts';
import type { FillPrompt } from '../../nn/tokenizer/fillPrompt.ts';
import { toolPrompt } from '../../nn/tokenizer/toolPrompt.ts';
import type { CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { createConstraint } from '../constraints/createConstraint.ts';
import { routeOfShares } from '../gating/tokenRoute.ts';
import { byToken } from '../runtime/adapterBank.ts';
import type { ContinuousBatch } from '../runtime/continuousBatch.ts';
import { fillGap } from '../runtime/fillGap.ts';
import { beyondAnswering } from '../workbench/beyondExperts.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { answerProgress } from './answerProgress.ts';
import type { Completion } from './completions.ts';
import { logprobCollector } from './logprobs.ts';
import { type Answering, weightsOf } from './openAnswering.ts';

/** Routes a request, and adds a row to the batch for each answer that it wants. */
export async function beginCompletion(
  { request, call, came }: Completion,
  answering: Answering,
  batch: ContinuousBatch,
  workbench: Workbench,
): Promise<{ result: Promise<CompleteResult> }> {
  const { model, settings } = answering;
  const waitMs = performance.now() - came;
  const { weights, route: found } = await weightsOf(workbench, answering, request.target, userTexts(request), call);
  const question = userTexts(request).at(-1) ?? '';
  const { open, isEmbedded } = answering;
  const { tokenizer } = model.base.text();
  const beyond = isEmbedded ? await beyondAnswering(question, tokenizer, weights, open?.experiment) : undefined;
  let route = found && { ...found, ...(beyond && { beyond }) };
  if (route) call.progress({ kind: 'route', route });
  const { prompt, fill, calls } = promptOf(request, answering);
  const { input, format } = request;
  const tools = input.kind === 'chat' ? input.tools : undefined;
  const callForms = calls && tools ? callAlternatives(calls, tools) : [];
  const names = toolNames(tools ?? []);
  const text = model.base.text();
  // What cannot be held to is refused before any answer begins.
  const constraints = await Promise.all(
    Array.from({ length: request.count ?? 1 }, () => format && createConstraint(text, format, callForms)),
  );
  const answers = constraints.map(async (constraint, answer) => {
    const logprobs = request.logprobs === undefined ? undefined : logprobCollector(text, request.logprobs);
    const seed = settings.seed + answer;
    const isChat = input.kind === 'chat';
    const told = answerProgress(model, { answer, seed, prompt, isChat, calls, tools: names, logprobs }, call.progress);
    const ended = await batch.add({
      prompt,
      fill,
      weights,
      constraint,
      settings: { ...settings, seed },
      shownIds: told.shownIds,
      endsRepeats: isChat && !request.format,
      signal: call.signal,
      onToken: logprobs?.add,
      onText: told.add,
      // What token gates make of a prompt is known when it has been read.
      ...(byToken in weights &&
        answer === 0 && {
          onShares(ids: number[], shares: Float32Array) {
            route = { ...routeOfShares(model, question, ids, shares), ...(beyond && { beyond }) };
            call.progress({ kind: 'route', route });
          },
        }),
    });
    constraint?.dispose();
    return { ended, answer: told.end(ended) };
  });
  const result = Promise.all(answers).then(all => ({
    answers: all.map(({ answer }) => answer),
    weights: byToken in weights && route ? route.weights : weights,
    ...(route && { route }),
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
function userTexts({ input }: CompleteRequest): string[] {
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
