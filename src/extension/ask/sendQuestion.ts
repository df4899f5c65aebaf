import type { RequestParams } from '../../client/engineClient.ts';
import { createFreshText } from '../../client/freshText.ts';
import type { AskResult, RouteResult } from '../../protocol/engine/engineApi.ts';
import type { HostEngine } from '../services/hostEngine.ts';

export type QuestionParams = RequestParams<'ask'>;

export interface Listener {
  signal?: AbortSignal;
  onRoute?(route: RouteResult): void;
  onText?(text: string): void;
}

/** Asks the engine; text comes once, even where the engine begins the answer anew. */
export function sendQuestion(
  engine: HostEngine,
  params: QuestionParams,
  { signal, onRoute, onText }: Listener,
): Promise<AskResult> {
  const fresh = createFreshText(text => onText?.(text));
  return engine.request('ask', params, {
    signal,
    onNotification: n => {
      if (n.name === 'answerRoute') onRoute?.(n.params.route);
      if (n.name === 'answerText') fresh.push(n.params.text);
    },
    onRestart: fresh.restarted,
  });
}
