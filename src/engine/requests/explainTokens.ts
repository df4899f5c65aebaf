import { openExperiment } from '../../experiment/experiment.ts';
import { tokenTexts } from '../../nn/decode/detokenize.ts';
import { klDivergence, logProbabilities } from '../../nn/decode/divergence.ts';
import { argmax } from '../../nn/decode/sample.ts';
import { promptIds } from '../../nn/tokenizer/chatTemplate.ts';
import type { Tokenizer } from '../../nn/tokenizer/tokenizer.ts';
import type { ExplainedToken, NextToken } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import type { Weights } from '../runtime/adapterBank.ts';
import { createKvCache, releaseCache } from '../runtime/kvCache.ts';
import type { Model } from '../runtime/model.ts';
import { type RequestHandler, watchFor } from '../workbench/request.ts';

/** Logits that one run may give: 128 MB. */
const mostLogits = 2 ** 25;

/**
 * Which expert pulled each token of an answer: what the base, the blend, and each of its experts with its weight in the
 * blend alone expect at that place, after the same text. All of them are rows of one batch, which differ in their gates.
 */
export const handle: RequestHandler<'explainTokens'> = async (workbench, request, call) => {
  const { answering } = (await openExperiment(request.recipe, workbench.mediaFolder)).recipe;
  if (answering !== 'local')
    throw new WorkbenchError(
      'unsupported',
      `the engine '${answering}' answers for this recipe, and engines elsewhere do not explain tokens`,
      'Let this machine answer: "answering": "local".',
    );
  const open = await workbench.open(request.recipe, watchFor(call));
  const active = Object.entries(request.weights).filter(([, weight]) => weight !== 0);
  await open.load(active.map(([name]) => name));
  const { tokenizer, chatTemplate } = open.model.base.text();
  const { thinking } = generationSettingsOf(open.experiment.recipe);
  const prompt = promptIds(tokenizer, chatTemplate, [{ role: 'user', content: request.prompt }], thinking);
  const room = Math.max(0, open.model.base.config.maxLength - prompt.length);
  const answer = tokenizer.encode(request.answer, { addSpecialTokens: false }).slice(0, room);
  const rows: Weights[] = [{}, request.weights, ...active.map(([name, weight]) => ({ [name]: weight }))];
  const [base = [], blend = [], ...experts] =
    answer.length > 0 ? await expectations(open.model, prompt, answer, rows, call.signal) : [];
  const texts = tokenTexts(tokenizer, answer);
  return {
    experts: active.map(([name]) => name),
    tokens: answer.map(
      (_, t): ExplainedToken => ({
        text: texts[t]!,
        base: base[t]!,
        blend: blend[t]!,
        experts: experts.map(row => row[t]!),
      }),
    ),
  };
};

/** What each row expects at each token of the answer; the first row is what the others are compared with. */
async function expectations(
  model: Model,
  prompt: number[],
  answer: number[],
  rows: Weights[],
  signal: AbortSignal,
): Promise<NextToken[][]> {
  const { config } = model.base;
  const { tokenizer } = model.base.text();
  const ids = [...prompt, ...answer.slice(0, -1)];
  const atOnce = Math.max(1, Math.floor(mostLogits / (answer.length * config.vocab)));
  const found: NextToken[][] = [];
  let first: Float64Array[] = [];
  for (let start = 0; start < rows.length; start += atOnce) {
    const part = rows.slice(start, start + atOnce);
    const cache = createKvCache(config, part.length, ids.length);
    const logits = await model.run(
      part.map(() => ids),
      part.map(() => 0),
      part,
      cache,
      { from: prompt.length - 1 },
    );
    releaseCache(cache);
    for (const r of part.keys()) {
      const places = answer.map((_, t) => {
        const at = (r * answer.length + t) * config.vocab;
        return logProbabilities(logits.subarray(at, at + config.vocab));
      });
      if (start + r === 0) first = places;
      found.push(places.map((place, t) => nextToken(tokenizer, place, first[t]!, answer[t]!)));
    }
    // A run blocks the thread; here a cancellation that came meanwhile is read.
    await new Promise(resolve => setImmediate(resolve));
    signal.throwIfAborted();
  }
  return found;
}

function nextToken(tokenizer: Tokenizer, place: Float64Array, base: Float64Array, id: number): NextToken {
  return {
    probability: Math.exp(place[id]!),
    kl: klDivergence(place, base),
    top: tokenizer.decode([argmax(place)], { cleanUp: false }),
  };
}
