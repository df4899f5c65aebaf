import type { Measured } from '../../protocol/engine/evaluating.ts';
import { percent, plural } from '../../text/numbers.ts';

/** What a merge knows, set by set, beside the expert whose domain the set tests. */
export function measuredText(merge: string, measured: readonly Measured[]): string {
  const sets = [...new Set(measured.map(({ set }) => set))];
  const parts = sets.map(set => {
    const of = measured.filter(each => each.set === set);
    const own = of.find(({ system }) => system === merge)!.score;
    const alone = of.filter(({ system }) => system !== merge);
    const beside = alone.map(({ system, score }) => `${system} alone ${share(score)}`);
    return `${set} ${share(own)} of ${plural(own.total, 'answer')} right${beside.length > 0 ? ` (${beside.join(', ')})` : ''}`;
  });
  return `${merge}: ${parts.join('; ')}.`;
}

function share({ correct, total }: Measured['score']): string {
  return percent(total > 0 ? correct / total : 0);
}
