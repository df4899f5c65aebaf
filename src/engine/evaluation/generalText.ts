import { pairedDifference } from '../../evaluation/metrics.ts';
import { encodeForTraining, readDataset } from '../../experiment/dataFiles.ts';
import { logProbability } from '../../nn/decode/divergence.ts';
import { ignoreLabel } from '../../nn/tokenizer/encodeExample.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ReportGeneralText } from '../../protocol/report.ts';
import { readingOf } from '../../recipe/settings.ts';
import type { Weights } from '../runtime/adapterBank.ts';
import { allLogits, type Model } from '../runtime/model.ts';
import type { OpenExperiment } from '../workbench/workbench.ts';
import type { System } from './systems.ts';

/** Tokens of a text that are read; the logits of more, over a large vocabulary, would take much memory. The recipe's schema says so. */
const mostTokens = 512;

/**
 * The loss of the base, of each expert and of each merge on the recipe's text of no domain; undefined where it names
 * none. Throws `badData` for data in which no token is learned.
 */
export async function measureGeneralText(
  open: OpenExperiment,
  systems: System[],
  signal: AbortSignal,
  progress: (message: string, done: number, total: number) => void,
): Promise<ReportGeneralText | undefined> {
  const { recipe, folder, path } = open.experiment;
  const { generalText } = recipe.evaluation;
  if (!generalText) return undefined;
  const { data, limit } = generalText;
  const { examples } = await readDataset(folder, data, readingOf(generalText));
  const texts = examples
    .slice(0, limit)
    .map(example => encodeForTraining(open.model.base, example, { maxLength: mostTokens, lossOn: 'all' }))
    // The first token is given.
    .map(({ ids, labels, cut }) => ({
      ids: [...ids],
      isCounted: [...labels.slice(1)].map(label => label !== ignoreLabel),
      isCut: cut > 0,
    }))
    .map(text => ({ ...text, tokens: text.isCounted.filter(Boolean).length }))
    .filter(({ tokens }) => tokens > 0);
  if (texts.length === 0)
    throw new WorkbenchError('badData', `${path}: evaluation.generalText: ${data} has no text of two tokens or more`);
  const measured = systems.filter(s => s.kind === 'base' || s.kind === 'expert' || s.kind === 'merge');
  const tokens = texts.map(text => text.tokens);
  const sum = tokens.reduce((a, b) => a + b, 0);
  const nats: number[][] = [];
  for (const [i, { name, members }] of measured.entries()) {
    const weights = Object.fromEntries(members.map(member => [member, 1]));
    const own: number[] = [];
    for (const [j, text] of texts.entries()) {
      signal.throwIfAborted();
      progress(`${name} on general text`, i * texts.length + j, measured.length * texts.length);
      own.push(await textLoss(open.model, text, weights));
    }
    nats.push(own);
  }
  const perToken = (system: number) => tokens.map((count, text) => nats[system]![text]! / count);
  const losses = measured.map(({ name, kind }, i) => {
    const { difference, low, high } = pairedDifference(perToken(0), perToken(i), tokens);
    return {
      system: name,
      kind: kind as 'base' | 'expert' | 'merge',
      loss: nats[i]!.reduce((a, b) => a + b, 0) / sum,
      rise: difference,
      halfWidth: (high - low) / 2,
    };
  });
  return { data, texts: texts.length, cut: texts.filter(text => text.isCut).length, tokens: sum, losses };
}

/** In nats, over the tokens that count. */
async function textLoss(
  model: Model,
  { ids, isCounted }: { ids: number[]; isCounted: boolean[] },
  weights: Weights,
): Promise<number> {
  const { vocab } = model.base.config;
  const logits = await allLogits(model, ids, weights);
  return isCounted.reduce(
    (nats, counts, t) =>
      counts ? nats - logProbability(logits.subarray(t * vocab, (t + 1) * vocab), ids[t + 1]!) : nats,
    0,
  );
}
