import type { AskRequest, AskResult } from '../../protocol/engine/asking.ts';
import { chooseExperts } from '../answering/chooseExperts.ts';
import { fitPrompt, thinks } from '../answering/fitPrompt.ts';
import { openAnswering } from '../answering/openAnswering.ts';
import { askElsewhere } from '../elsewhere/askElsewhere.ts';
import { answered } from '../elsewhere/openElsewhere.ts';
import { generate } from '../runtime/generate.ts';
import { ahead } from '../runtime/precedence.ts';
import type { EngineCall, RequestHandler } from '../workbench/request.ts';
import type { Workbench } from '../workbench/workbench.ts';
import { modelLane } from './lanes.ts';

/** Answers one prompt with an expert, a blend, the base, or whatever the router chooses. */
export const handle: RequestHandler<'ask'> = (workbench, request, call) =>
  answered(workbench, request, call, {
    elsewhere: (from, watched) => askElsewhere(workbench, from, request, watched),
    here: () => modelLane.run(() => ahead(() => askHere(workbench, request, call)), call.signal),
  });

async function askHere(workbench: Workbench, request: AskRequest, call: EngineCall<'ask'>): Promise<AskResult> {
  const answering = await openAnswering(workbench, request, call);
  const { model, settings } = answering;
  const reader = { text: model.base.text(), maxLength: model.base.config.maxLength, settings };
  const fitted = request.context && fitPrompt(reader, request, request.context);
  if (fitted)
    call.progress({ kind: 'fitted', prompt: fitted.prompt, leftOut: fitted.leftOut, thinking: thinks(reader) });
  const { prompt, history = [] } = fitted ?? request;
  const started = performance.now();
  const prompts = [...history.filter(turn => turn.role === 'user').map(turn => turn.content), prompt];
  const attached = request.context !== undefined && request.context.length > 0;
  const chosen = await chooseExperts(workbench, answering, request.target, prompts, call, attached);
  const routeMs = performance.now() - started;
  const row = {
    messages: [...history, { role: 'user' as const, content: prompt }],
    weights: chosen.weights,
    settings,
    onText: (text: string) => call.progress({ kind: 'text', text }),
    onShares: chosen.onShares,
  };
  const { answers, timings } = await generate(model, [row], call.signal);
  return { ...answers[0]!, ...chosen.told(), timings: { routeMs, ...timings } };
}
