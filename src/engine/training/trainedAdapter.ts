import { basename } from 'node:path';
import { encodeAdapter, hashAdapter, writeAdapter } from '../../experiment/adapterFiles.ts';
import { type Base, hashBase } from '../../experiment/base.ts';
import type { ExpertOrigin } from '../../experiment/checkpoints.ts';
import { checkTrainedPlace } from '../../experiment/checkResults.ts';
import { isThere, readBytes } from '../../experiment/files.ts';
import { adapterPaths, type ResultPaths } from '../../experiment/paths.ts';
import { type TrainingRecord, writeTrainingRecord } from '../../experiment/trainingRecord.ts';
import type { Adapter } from '../../nn/lora/adapter.ts';
import { originMetadata } from '../../nn/lora/adapterOrigin.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import { expertGroup, factorName } from '../../nn/train/trainGraph.ts';
import type { LoraSettings } from '../../recipe/schema.ts';

/** Writes an expert's adapter, and what is known of its training beside it. */
export async function writeTrained(
  paths: ResultPaths,
  base: Base,
  expert: ExpertOrigin,
  flat: Float32Array,
  { step, tokens, best, baseHash, curve }: Pick<TrainingRecord, 'baseHash' | 'step' | 'tokens' | 'best' | 'curve'>,
): Promise<void> {
  const folder = paths.trainedAdapter(expert.name);
  const check = () => checkTrainedPlace(paths, expert.name);
  await writeAdapter(folder, trainedAdapter(base, expert, flat), originOn(base, baseHash), check);
  await writeTrainingRecord(paths, {
    expert: expert.name,
    baseHash,
    adapterHash: await hashAdapter(folder),
    trainExamples: expert.trainExamples,
    step,
    tokens,
    best,
    curve,
  });
}

/** Whether these factors are an expert's adapter already, to the bit. */
export async function isWritten(
  paths: ResultPaths,
  base: Base,
  expert: ExpertOrigin,
  flat: Float32Array,
): Promise<boolean> {
  const { factors } = adapterPaths(paths.trainedAdapter(expert.name));
  if (!(await isThere(factors))) return false;
  const files = encodeAdapter(trainedAdapter(base, expert, flat), originOn(base, await hashBase(base)));
  return (await readBytes(factors, 'the factors')).equals(Buffer.concat(files.get(basename(factors)) as Uint8Array[]));
}

function originOn(base: Base, baseHash: string): Record<string, string> {
  const { chatTemplate } = base.text();
  return originMetadata({ baseHash, chatTemplate: chatTemplate.isFallback ? '' : chatTemplate.source });
}

export function scalingOf({ alpha, rank, rslora }: LoraSettings): number {
  return alpha / (rslora ? Math.sqrt(rank) : rank);
}

/** An adapter from an expert's flat vector. */
export function trainedAdapter(
  base: Pick<Base, 'config'>,
  { name, lora, targets }: Pick<ExpertOrigin, 'name' | 'lora' | 'targets'>,
  flat: Float32Array,
): Adapter {
  const { tensors } = expertGroup(base.config, { name, rank: lora.rank, targets });
  const pieces = new Map<string, Float32Array>();
  let at = 0;
  for (const t of tensors) pieces.set(t.name, flat.slice(at, (at += t.shape[0]! * t.shape[1]!)));
  const layers = new Map(linearLayers(base.config).map(l => [l.path, l]));
  const short = [...new Set(targets.map(path => path.split('.').at(-1)!))];
  return {
    name,
    config: {
      rank: lora.rank,
      alpha: lora.alpha,
      rslora: lora.rslora,
      targetModules: short,
      dropout: lora.dropout,
      taskType: 'CAUSAL_LM',
    },
    modules: new Map(
      targets.map(path => {
        const { in: width, out } = layers.get(path)!;
        const A = { rows: lora.rank, cols: width, data: pieces.get(factorName(path, 'A'))! };
        const B = { rows: out, cols: lora.rank, data: pieces.get(factorName(path, 'B'))! };
        return [path, { A, B, scaling: scalingOf(lora) }];
      }),
    ),
  };
}
