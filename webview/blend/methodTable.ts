import { methodSettings } from '../../src/nn/merge/mergeMethods.ts';
import type { MergeMethod } from '../../src/protocol/mergeMethod.ts';
import type { Weights } from '../../src/protocol/target.ts';
import type { Comparison, Evaluated, Lab } from '../../src/protocol/views/blend.ts';
import { count, plural, points, significant } from '../../src/text/numbers.ts';
import { type Child, element } from '../components/dom.ts';
import { dataTable } from '../components/table.ts';
import { state } from './state.ts';
import { sameWeights } from './weights.ts';

export interface MergeWish {
  weights: Weights;
  density: number;
  rank?: number;
}

/** Every method of merging: the size of what it writes, how far that is from the exact sum, and its scores. */
export function methodTable(
  lab: Lab,
  wish: MergeWish,
  comparison: Comparison | undefined,
  choose: (method: string) => void,
): HTMLElement {
  const cells = (scores: (number | undefined)[]): Child[] =>
    scores.map(score => (score === undefined ? '–' : points(score)));
  const rows = lab.methods.map(({ name, text }): Child[] => {
    const compared = comparison?.methods.find(({ method }) => method === name);
    const { result, problem } = compared ?? {};
    const radio = element('input', {
      type: 'radio',
      name: 'method',
      value: name,
      checked: name === state.merge.method,
      onchange: () => choose(name),
    });
    return [
      element('label', { class: 'method' }, radio, element('code', {}, name)),
      problem ? element('span', { class: 'refused' }, problem) : text,
      result ? count(result.rank) : '–',
      result ? count(result.parameters) : '–',
      result ? errorCell(result.relativeError) : '–',
      ...cells(mergeScores(lab, wish, name, result?.rank)),
    ];
  });
  const exact = exactScores(lab, wish.weights);
  const exactRow: Child[] = [
    element('span', { class: 'method' }, 'the blend itself'),
    'At run time: nothing is merged.',
    '–',
    '–',
    '0',
    ...cells(exact),
  ];
  return dataTable(
    `Methods of merging${lab.sets.length > 0 ? `, with scores of ${plural(lab.sets.length, 'set')}` : ''}`,
    [
      { head: 'method' },
      { head: 'what it does' },
      { head: 'rank', numeric: true },
      { head: 'numbers', numeric: true },
      { head: 'relative error', numeric: true },
      ...lab.sets.map(set => ({ head: `${set} %`, numeric: true })),
    ],
    [exactRow, ...rows],
  );
}

/** A number and a bar up to an error of 1. */
function errorCell(error: number | null): Child {
  if (error === null) return 'the exact sum is 0';
  const bar = element('span', { class: 'error-bar', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', String(Math.min(1, error)));
  return [error < 1e-6 ? 'exact' : significant(error), bar];
}

/** What the report says of these weights as a blend, for each of its sets. */
function exactScores(lab: Lab, weights: Weights): (number | undefined)[] {
  return scoresOf(
    lab,
    lab.evaluated.find(each => each.method === undefined && sameWeights(each.weights, weights)),
  );
}

/** What it says of them merged by a method; only of a merge with the same settings. */
function mergeScores(
  lab: Lab,
  { weights, density }: MergeWish,
  method: string,
  rank: number | undefined,
): (number | undefined)[] {
  const readsDensity = methodSettings(method as MergeMethod).includes('density');
  return scoresOf(
    lab,
    lab.evaluated.find(
      each =>
        each.method === method &&
        sameWeights(each.weights, weights) &&
        each.rank === rank &&
        (!readsDensity || each.density === density),
    ),
  );
}

function scoresOf({ sets }: Lab, found: Evaluated | undefined): (number | undefined)[] {
  return sets.map(set => found?.scores.find(score => score.set === set)?.accuracy);
}
