import type { AskRequest, AskResult } from '../../protocol/engine/asking.ts';
import { progressLine, weightsText } from '../console/format.ts';
import type { VerbCall } from '../console/verb.ts';

/** Asks, handing the answer's text on as it comes. */
export async function askPrompt(
  { engine, terminal, json }: VerbCall,
  request: AskRequest,
  onText?: (text: string) => void,
): Promise<AskResult> {
  return engine.request('ask', request, {
    onProgress(told) {
      if (told.kind === 'text') onText?.(told.text);
      if (told.kind === 'work' && !json) terminal.progress(progressLine(told));
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
