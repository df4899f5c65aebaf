import type { Device } from '../../protocol/device.ts';
import type { TrainedExpert } from './trainGraph.ts';

/**
 * Whether the experts of a run take turns: each run of the graph then holds the rows of one of them, and one graph with
 * a single place serves all, in the memory of one. A shared run computes every expert's columns for every row and pads
 * all rows to the longest, which a processor pays for in full; a GPU would rather have few large runs.
 */
export function takesTurns(experts: Pick<TrainedExpert, 'rank' | 'targets'>[], device: Device): boolean {
  const [first, ...others] = experts;
  return device === 'cpu' && others.every(e => e.rank === first!.rank && `${e.targets}` === `${first!.targets}`);
}
