import type { RequestParams } from '../../client/engineClient.ts';
import { createFreshText } from '../../client/freshText.ts';
import type { AskResult } from '../../protocol/engine/engineApi.ts';
import { progressLine, weightsText } from '../console/format.ts';
import type { VerbCall } from '../console/verb.ts';

/** Asks, handing the answer's text on as it comes; after a restart of the engine it is not told twice. */
export async function askPrompt(
  call: VerbCall,
  params: RequestParams<'ask'>,
  onText?: (text: string) => void,
): Promise<AskResult> {
  const fresh = createFreshText(text => onText?.(text));
  return call.engine.request('ask', params, {
    onNotification: n => {
      if (n.name === 'answerText') fresh.push(n.params.text);
      if (n.name === 'progress' && !call.json) call.terminal.progress(progressLine(n.params));
    },
    onRestart: fresh.restarted,
  });
}

/** Who answered, and how fast. */
export function answerLine({ weights, route, finish, answerTokens, timings }: AskResult): string {
  const who = route?.abstained ? 'the base alone (no expert recognises the prompt)' : weightsText(weights);
  const seconds = timings.decodeMs / 1000;
  const speed = answerTokens > 1 && seconds > 0 ? `, ${Math.round(answerTokens / seconds)} tokens/s` : '';
  const end = {
    stop: '',
    length: ', cut at --max-tokens',
    context: ', cut at the end of the context',
    cancelled: ', stopped',
  }[finish];
  return `[${who}; ${answerTokens} tokens${speed}${end}]`;
}
