import type { Example } from '../../data/example.ts';
import { setAside } from '../../data/setAside.ts';
import { Random } from '../../nn/tensor/random.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/**
 * Sets a share of a dataset aside for validation, the same with every run of the seed, both parts in the order of the
 * file. Examples that ask the same stay together: what is validated was not trained on. Throws `badData` where there are
 * not two that ask different things.
 */
export function splitExamples(
  examples: readonly Example[],
  share: number,
  seed: number,
  file: string,
): { train: Example[]; validation: Example[] } {
  const groups = new Map<string, Example[]>();
  for (const example of examples) {
    const { messages, isText, fill, tools } = example;
    const asked = JSON.stringify([tools, fill, isText ? messages : messages.slice(0, -1)]);
    const group = groups.get(asked);
    if (group) group.push(example);
    else groups.set(asked, [example]);
  }
  if (groups.size < 2)
    throw new WorkbenchError(
      'badData',
      `${file}: no share can be set aside for validation, since all of its examples ask the same`,
      'Name a file as validation, or leave it out.',
    );
  const wanted = setAside(examples.length, share);
  const shuffled = new Random(seed).shuffle([...groups.values()]);
  const chosen = new Set<Example>();
  // One group at least stays to be trained on.
  for (const group of shuffled.slice(1)) {
    if (chosen.size >= wanted) break;
    for (const example of group) chosen.add(example);
  }
  return {
    train: examples.filter(example => !chosen.has(example)),
    validation: examples.filter(example => chosen.has(example)),
  };
}
