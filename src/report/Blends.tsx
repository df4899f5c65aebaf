import type { ShownReport } from '../protocol/views/report.ts';
import { DataTable, numeric } from './DataTable.tsx';
import { setScores } from './Merges.tsx';
import { Bar } from './Picture.tsx';

const sources = { recipe: 'named in the recipe', scores: 'proposed from the scores', router: 'from the router' };

/** Named blends and the weights proposed from the scores, with the scores of those that were asked. */
export function Blends({ shown }: { shown: ShownReport }) {
  const { blends, experts, sets } = shown.report;
  const named = blends.flatMap(blend => Object.keys(blend.weights));
  const weighted = [...new Set([...experts.map(expert => expert.name), ...named])];
  return (
    <>
      <p class="lead">
        A blend is Σ wᵢ sᵢ Bᵢ Aᵢ at run time: the weights can change with every prompt. Those proposed from the scores
        are each expert's gain over the base as a share of all gains.
      </p>
      <DataTable
        caption="Weight of each expert, and per cent right on each set"
        columns={[{ head: 'blend' }, { head: 'source' }, ...numeric(...weighted, ...sets.map(set => `${set.name} %`))]}
        rows={blends.map(({ name, source, weights }) => [
          name,
          sources[source],
          ...weighted.map(expert => <Weight weight={weights[expert] ?? 0} />),
          ...setScores(shown, 'blend', name),
        ])}
      />
    </>
  );
}

function Weight({ weight }: { weight: number }) {
  return (
    <span class="with-bar">
      <Bar parts={[{ share: Math.abs(weight), colour: weight < 0 ? 'grey' : 'accent' }]} />
      {weight.toFixed(2).replace('-', '−')}
    </span>
  );
}
