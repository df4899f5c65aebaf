import { MAX_FILE_BYTES } from '../../data/limits.ts';
import type { CachedDataset } from '../../experiment/hubDatasets.ts';
import { parseDatasetName } from '../../hub/datasetName.ts';
import type { DatasetSplit } from '../../protocol/engine/models.ts';
import { bytes } from '../../text/numbers.ts';
import type { Choice, ChoiceGroup } from '../hub/pickOrType.ts';

/** Data that can be had, as recipes name it: here already, a split to be downloaded, or a dataset of which one is to be chosen. */
export interface DatasetSource {
  kind: 'ready' | 'split' | 'dataset';
  name: string;
}

/** What *Get a Dataset…* offers: what is there already. */
export function datasetGroups(cached: readonly CachedDataset[]): ChoiceGroup<DatasetSource>[] {
  const items = cached.map(({ name, bytes: size }) => ({
    source: { kind: 'ready' as const, name },
    label: `$(check) ${name}`,
    description: `downloaded · ${bytes(size)}`,
  }));
  return items.length > 0 ? [{ title: 'In the Hugging Face cache', items }] : [];
}

/** The item of a name that was typed; undefined for what names no dataset of the hub. */
export function typedDataset(
  text: string,
  groups: readonly ChoiceGroup<DatasetSource>[],
): Choice<DatasetSource> | undefined {
  const name = text.trim();
  const isWhole = name.includes(':');
  const isOffered = isWhole && groups.some(g => g.items.some(({ source }) => source.name === name));
  if (isOffered || !parseDatasetName(name)) return undefined;
  return {
    source: { kind: isWhole ? 'split' : 'dataset', name },
    label: `$(cloud-download) ${name}`,
    description: 'from the Hugging Face hub',
    detail: isWhole ? undefined : 'Its configurations and splits are looked up next',
  };
}

/** The splits of a dataset, under their configurations. One that is too large to be read says so. */
export function splitGroups(splits: readonly DatasetSplit[]): ChoiceGroup<DatasetSource>[] {
  const groups = new Map<string, ChoiceGroup<DatasetSource>>();
  for (const { dataset, config = '', split, bytes: size } of splits) {
    const group = groups.get(config) ?? { title: config, items: [] };
    groups.set(config, group);
    group.items.push({
      source: { kind: 'split', name: dataset },
      label: split,
      description: `${dataset} · ${bytes(size)}`,
      ...(size > MAX_FILE_BYTES && { detail: `More than the ${bytes(MAX_FILE_BYTES)} that are read` }),
    });
  }
  return [...groups.values()];
}
