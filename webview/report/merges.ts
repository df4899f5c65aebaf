import { count, points, significant, weightList } from '../../src/text/numbers.ts';
import { element } from '../components/dom.ts';
import { dataTable } from '../components/table.ts';
import { note, type ReportPage, type Section } from './page.ts';

const sources = { recipe: 'named in the recipe', scores: 'proposed from the scores', router: 'from the router' };

/** Permanent merges with their error and scores, and the blends at run time. */
export function mergesSection(page: ReportPage): Section | undefined {
  const { report, rows } = page.shown;
  const { merges, blends, sets } = report;
  if (merges.length + blends.length === 0) return undefined;
  const scores = (kind: 'merge' | 'blend', name: string) => {
    const row = rows.find(each => each.kind === kind && each.system === name);
    return sets.map((_, i) => {
      const accuracy = row?.cells[i]?.accuracy;
      return accuracy ? points(accuracy.accuracy) : '–';
    });
  };
  const setColumns = sets.map(set => ({ head: `${set.name} %`, numeric: true }));
  const mergeTable = dataTable(
    'Permanently merged adapters',
    [
      { head: 'merge' },
      { head: 'method' },
      { head: 'weights' },
      { head: 'rank', numeric: true },
      { head: 'relative error', numeric: true },
      ...setColumns,
    ],
    merges.map(merge => [
      merge.name,
      merge.method,
      weightList(merge.weights),
      count(merge.rank),
      significant(merge.relativeError),
      ...scores('merge', merge.name),
    ]),
  );
  const blendTable = dataTable(
    'Blends at run time',
    [{ head: 'blend' }, { head: 'source' }, { head: 'weights' }, ...setColumns],
    blends.map(({ name, source, weights }) => [name, sources[source], weightList(weights), ...scores('blend', name)]),
  );
  return {
    id: 'merges',
    heading: 'Merges and blends',
    content: element('div', { class: 'stack' }, [
      merges.length > 0 && [
        element('h3', {}, 'Merges'),
        mergeTable,
        note(
          'Relative error is ‖merged − exact weighted sum‖ / ‖exact weighted sum‖, Frobenius norms over all layers.',
        ),
      ],
      blends.length > 0 && [
        element('h3', {}, 'Blends'),
        blendTable,
        note('A blend is Σ wᵢ sᵢ Bᵢ Aᵢ at run time: its weights can change with every prompt.'),
      ],
    ]),
  };
}
