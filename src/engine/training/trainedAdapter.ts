import { basename } from 'node:path';
import { encodeAdapter, hashAdapter, writeAdapter } from '../../experiment/adapterFiles.ts';
import { type Base, hashBase } from '../../experiment/base.ts';
import type { ExpertOrigin } from '../../experiment/checkpoints.ts';
import { checkTrainedPlace } from '../../experiment/checkResults.ts';
import { isThere, readBytes } from '../../experiment/files.ts';
import { adapterPaths, type ResultPaths } from '../../experiment/paths.ts';
import { type TrainingRecord, writeTrainingRecord } from '../../experiment/trainingRecord.ts';
import type { Adapter, OwnTensor } from '../../nn/lora/adapter.ts';
import { scalingOf } from '../../nn/lora/adapterConfig.ts';
import { originMetadata } from '../../nn/lora/adapterOrigin.ts';
import { isTargeted } from '../../nn/lora/modulePattern.ts';
import { linearLayers } from '../../nn/model/layout.ts';
import {
  biasLayers,
  expertGroup,
  factorName,
  magnitudeName,
  rankAt,
  trainedBiasName,
} from '../../nn/train/trainGraph.ts';
import { trainedExpert } from './trainedExpert.ts';

/** Writes an expert's adapter, and what is known of its training beside it. */
export async function writeTrained(
  paths: ResultPaths,
  base: Base,
  expert: ExpertOrigin,
  flat: Float32Array,
  { step, tokens, best, baseHash, curve }: Pick<TrainingRecord, 'baseHash' | 'step' | 'tokens' | 'best' | 'curve'>,
): Promise<void> {
  const { name, trainExamples } = expert;
  const record = { expert: name, baseHash, trainExamples, step, tokens, best, curve };
  await writeTrainedAdapter(paths, base, trainedAdapter(base, expert, flat), record);
}

/** Writes an adapter as that of the expert which the record names, and the record beside it. */
export async function writeTrainedAdapter(
  paths: ResultPaths,
  base: Base,
  adapter: Adapter,
  record: Omit<TrainingRecord, 'adapterHash'>,
): Promise<void> {
  const folder = paths.trainedAdapter(record.expert);
  const check = () => checkTrainedPlace(paths, record.expert);
  await writeAdapter(folder, adapter, originOn(base, record.baseHash), check);
  await writeTrainingRecord(paths, { ...record, adapterHash: await hashAdapter(folder) });
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

export function originOn(base: Base, baseHash: string): Record<string, string> {
  const { chatTemplate } = base.text();
  return originMetadata({ baseHash, chatTemplate: chatTemplate.isFallback ? '' : chatTemplate.source });
}

/** An adapter from an expert's flat vector. */
export function trainedAdapter(
  base: Pick<Base, 'config'>,
  { name, lora, targets }: Pick<ExpertOrigin, 'name' | 'lora' | 'targets'>,
  flat: Float32Array,
): Adapter {
  const expert = trainedExpert(name, lora, targets);
  const { tensors } = expertGroup(base.config, expert);
  const pieces = new Map<string, Float32Array>();
  let at = 0;
  for (const t of tensors) pieces.set(t.name, flat.slice(at, (at += t.shape.reduce((a, b) => a * b, 1))));
  const layers = new Map(linearLayers(base.config).map(l => [l.path, l]));
  const short = [...new Set(targets.map(path => path.split('.').at(-1)!))];
  const covered = [...layers.keys()].filter(path => isTargeted(short, path)).length === targets.length;
  const own = biasLayers(base.config, expert).map(({ path, out }): [string, OwnTensor] => [
    `${path}.bias`,
    { shape: [out], data: pieces.get(trainedBiasName(expert, path))! },
  ]);
  return {
    name,
    ...(own.length > 0 && { own: new Map(own) }),
    config: {
      rank: lora.rank,
      alpha: lora.alpha,
      rslora: lora.rslora,
      // Names that select other layers too would give those fresh factors when PEFT trains on.
      targetModules: covered ? short : targets,
      dropout: lora.dropout,
      ...(expert.bias && { bias: expert.bias }),
      taskType: 'CAUSAL_LM',
    },
    modules: new Map(
      targets.map(path => {
        const { in: width, out } = layers.get(path)!;
        const rank = rankAt(expert, path);
        const A = { rows: rank, cols: width, data: pieces.get(factorName(path, 'A'))! };
        const B = { rows: out, cols: rank, data: pieces.get(factorName(path, 'B'))! };
        const magnitude = pieces.get(magnitudeName(path));
        return [path, { A, B, scaling: scalingOf(lora, path), ...(magnitude && { magnitude }) }];
      }),
    ),
  };
}
