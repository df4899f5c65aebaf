import type { MergeOutput } from '../../src/protocol/notebookOutput.ts';
import { fitText } from '../../src/text/mergeFit.ts';
import { significant } from '../../src/text/numbers.ts';
import { element } from '../components/dom.ts';
import { stateMark } from './status.ts';
import { weightBars } from './weights.ts';

/** Below it the difference is that of rounding in single floats. */
const rounding = 1e-6;

export function mergeView({ name, method, weights, rank, relativeError, path, fit }: MergeOutput): Node[] {
  const error = relativeError === null ? 'undefined: the exact sum is 0' : significant(relativeError);
  const isExact = relativeError !== null && relativeError < rounding;
  const facts = [
    ['Relative error', `${error}${isExact ? ', the rounding of single floats' : ''}`],
    ['Rank', String(rank)],
    ...(fit ? [['Fit', fitText(fit)]] : []),
    ['Written to', path],
  ];
  return [
    element('p', { class: 'lora-head' }, stateMark('done'), element('strong', {}, `Merged ${name}`), ` by ${method}`),
    weightBars(weights, 'Of'),
    element(
      'dl',
      { class: 'lora-facts' },
      facts.map(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
    ),
    element('p', { class: 'lora-muted' }, 'The error is the distance to the exact weighted sum, relative to its size.'),
  ];
}
