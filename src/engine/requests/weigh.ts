import { logProbability } from '../../nn/decode/divergence.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { weightsOf } from '../answering/chooseExperts.ts';
import { openAnswering } from '../answering/openAnswering.ts';
import type { Weights } from '../runtime/adapterBank.ts';
import { createKvCache, releaseCache } from '../runtime/kvCache.ts';
import type { Model } from '../runtime/model.ts';
import { giveWay } from '../runtime/precedence.ts';
import type { RequestHandler } from '../workbench/request.ts';

/** Logits that one run may give: 128 MB. */
const mostLogits = 2 ** 25;

/** How probable texts are as what follows another. */
export const handle: RequestHandler<'weigh'> = async (workbench, request, call) => {
  if (request.target.kind === 'auto')
    throw new WorkbenchError('badRequest', 'texts are weighed by a base, an expert or a blend, not by the router');
  const answering = await openAnswering(workbench, request, call);
  const { weights } = await weightsOf(workbench, answering, request.target, [], call);
  const { tokenizer } = answering.model.base.text();
  const items: number[][] = [];
  for (const { before, texts } of request.items) {
    // Encoded with what is before: a token may lie over the place where they meet.
    const rows = texts.map(text => tokenizer.encode(before + text));
    items.push(await logProbabilitiesOf(answering.model, rows, weights));
    call.progress({ kind: 'work', message: 'weighed', done: items.length, total: request.items.length });
    await giveWay();
    call.signal.throwIfAborted();
  }
  return { items };
};

async function logProbabilitiesOf(model: Model, rows: number[][], weights: Weights): Promise<number[]> {
  const { vocab, maxLength } = model.base.config;
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  if (longest > maxLength)
    throw new WorkbenchError('badRequest', `a text has ${longest} tokens; the base's window holds ${maxLength}`);
  // The first token that is not the same in all has to be expected by the one before it.
  const from = Math.max(0, sharedLength(rows) - 1);
  const atOnce = Math.max(1, Math.floor(mostLogits / ((longest - from) * vocab)));
  const found: number[] = [];
  for (let start = 0; start < rows.length; start += atOnce) {
    const part = rows.slice(start, start + atOnce);
    const cache = createKvCache(model.base.config, part.length, longest);
    const none = part.map(() => 0);
    const logits = await model.run(
      part,
      none,
      part.map(() => weights),
      cache,
      { from },
    );
    releaseCache(cache);
    let at = 0;
    for (const row of part) {
      let sum = 0;
      for (let t = from; t < row.length; t++, at++)
        if (t + 1 < row.length) sum += logProbability(logits.subarray(at * vocab, (at + 1) * vocab), row[t + 1]!);
      found.push(sum);
    }
  }
  return found;
}

function sharedLength([first = [], ...others]: number[][]): number {
  const at = first.findIndex((id, t) => others.some(row => row[t] !== id));
  return at < 0 ? first.length : at;
}
