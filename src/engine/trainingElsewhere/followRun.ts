import { engineEnds } from '../workbench/request.ts';
import type { ElsewhereRun } from './elsewhereRun.ts';

/** Hands over the lines of a training until it has ended there; a stop here is one there, and the end of this engine is none. */
export async function followRun<T>(
  there: ElsewhereRun,
  known: number,
  signal: AbortSignal,
  tell: (message: string) => void,
  take: (lines: AsyncIterable<string>) => Promise<T>,
): Promise<T> {
  const ends = new AbortController();
  const stopped = { failure: undefined as unknown };
  const stop = () => {
    if (signal.reason === engineEnds) return ends.abort();
    tell(`stopping the training on ${there.name}`);
    there.stop().catch(error => {
      stopped.failure = error;
      ends.abort();
    });
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    const last = await take(there.lines(known, ends.signal, tell));
    if (stopped.failure) throw stopped.failure;
    return last;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Lines of a log that say why a training has ended: no progress, no losses, no warnings of libraries. */
export function reasonIn(log: string): string {
  const lines = log.split('\n').map(line => line.slice(line.lastIndexOf('\r') + 1).trim());
  const said = lines.filter(line => line && !/Warning:|warnings\.warn|^\{'|\d+%\||: going on from step/.test(line));
  return said.slice(-8).join('\n') || 'it says nothing, and so was probably killed';
}
