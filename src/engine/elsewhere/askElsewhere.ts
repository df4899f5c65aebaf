import type { Call } from '../../protocol/contract.ts';
import type { AskRequest, AskResult } from '../../protocol/engine/asking.ts';
import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import { fitPrompt, thinks } from '../answering/fitPrompt.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { completeElsewhere } from './completeElsewhere.ts';
import type { Elsewhere } from './openElsewhere.ts';

/** Fits a prompt to the base's window, and has an engine elsewhere answer it. */
export async function askElsewhere(
  workbench: Workbench,
  from: Elsewhere,
  request: AskRequest,
  call: Call<EngineProgress<'ask'>>,
): Promise<AskResult> {
  const fitted = request.context && fitPrompt(from, request, request.context);
  if (fitted) call.progress({ kind: 'fitted', prompt: fitted.prompt, leftOut: fitted.leftOut, thinking: thinks(from) });
  const { prompt, history = [] } = fitted ?? request;
  const turns = [...history, { role: 'user' as const, content: prompt }];
  const messages = turns.map(({ role, content }) => ({ role, content }));
  const { target, context = [] } = request;
  const watched: Call<EngineProgress<'complete'>> = {
    ...call,
    progress(told) {
      if (told.kind === 'text') call.progress({ kind: 'text', text: told.text });
      if (told.kind === 'route' || told.kind === 'work') call.progress(told);
    },
  };
  const asked = { target, input: { kind: 'chat' as const, messages } };
  const { answers, timings, ...result } = await completeElsewhere(workbench, from, asked, watched, context.length > 0);
  const { text, finish, answerTokens } = answers[0]!;
  return {
    text,
    finish: finish === 'toolCalls' ? 'stop' : finish,
    answerTokens,
    promptTokens: result.promptTokens,
    weights: result.weights,
    route: result.route,
    engine: result.engine,
    timings: { routeMs: timings.waitMs, prefillMs: timings.prefillMs, decodeMs: timings.decodeMs },
  };
}
