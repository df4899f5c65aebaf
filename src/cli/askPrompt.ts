import type { RequestParams } from '../client/engineClient.ts';
import type { AskResult } from '../shared/engineApi.ts';
import { weightsText } from './format.ts';
import type { VerbCall } from './verb.ts';

/** Asks, handing the answer's text on as it comes; after a restart of the engine it is not told twice. */
export async function askPrompt(
  call: VerbCall,
  params: RequestParams<'ask'>,
  onText?: (text: string) => void,
): Promise<AskResult> {
  let told = 0;
  let received = 0;
  return call.engine.request('ask', params, {
    onNotification: n => {
      if (n.name !== 'answerText') return;
      const { text } = n.params;
      // Decoding is seeded: the answer begins again with the same text.
      const fresh = text.slice(Math.max(0, told - received));
      received += text.length;
      told = Math.max(told, received);
      if (fresh) onText?.(fresh);
    },
    onRestart: () => {
      received = 0;
    },
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
