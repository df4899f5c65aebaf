import { canThink, promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import { type FittedPrompt, fitContext } from '../../nn/tokenizer/fitContext.ts';
import type { AskRequest } from '../../protocol/engine/asking.ts';
import { type Answering, openAnswering, weightsOf } from '../answering/openAnswering.ts';
import { routeOfShares } from '../gating/tokenRoute.ts';
import { byToken } from '../runtime/adapterBank.ts';
import { generate } from '../runtime/generate.ts';
import { beyondAnswering } from '../workbench/beyondExperts.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Answers one prompt with an expert, a blend, the base, or whatever the router chooses. */
export const handle: RequestHandler<'ask'> = async (workbench, request, call) => {
  const answering = await openAnswering(workbench, request, call);
  const fitted = request.context && fit(answering, request, request.context);
  if (fitted)
    call.progress({ kind: 'fitted', prompt: fitted.prompt, leftOut: fitted.leftOut, thinking: thinks(answering) });
  const { prompt, history = [] } = fitted ?? request;
  const started = performance.now();
  const prompts = [...history.filter(turn => turn.role === 'user').map(turn => turn.content), prompt];
  const found = await weightsOf(
    workbench,
    answering,
    request.target,
    prompts,
    call,
    request.context !== undefined && request.context.length > 0,
  );
  const { weights } = found;
  const { tokenizer } = answering.model.base.text();
  const beyond = answering.isEmbedded
    ? await beyondAnswering(prompt, tokenizer, found.weights, answering.open?.experiment)
    : undefined;
  let route = found.route && { ...found.route, ...(beyond && { beyond }) };
  const routeMs = performance.now() - started;
  if (route) call.progress({ kind: 'route', route });
  const row = {
    messages: [...history, { role: 'user' as const, content: prompt }],
    weights,
    settings: answering.settings,
    onText: (text: string) => call.progress({ kind: 'text', text }),
    // What token gates make of a prompt is known when it has been read.
    ...(byToken in weights && {
      onShares(ids: number[], shares: Float32Array) {
        route = { ...routeOfShares(answering.model, prompt, ids, shares), ...(beyond && { beyond }) };
        call.progress({ kind: 'route', route });
      },
    }),
  };
  const { answers, timings } = await generate(answering.model, [row], call.signal);
  return {
    ...answers[0]!,
    weights: byToken in weights && route ? route.weights : weights,
    route,
    timings: { routeMs, ...timings },
  };
};

function thinks({ model, settings }: Answering): boolean {
  const { tokenizer, chatTemplate } = model.base.text();
  return settings.thinking && canThink(tokenizer, chatTemplate);
}

/** At most half of the window is kept for the answer. */
function fit(
  { model, settings }: Answering,
  { prompt, history }: AskRequest,
  pieces: NonNullable<AskRequest['context']>,
): FittedPrompt {
  const { maxLength } = model.base.config;
  const { tokenizer, chatTemplate } = model.base.text();
  return fitContext(
    { question: prompt, pieces, history },
    { window: maxLength, answer: Math.min(settings.maxTokens, maxLength / 2) },
    {
      text: text => tokenizer.encode(text, { addSpecialTokens: false }).length,
      conversation: turns => promptIds(tokenizer, chatTemplate, turns, settings.thinking).length,
    },
  );
}
