import type { CheckOutput } from '../../src/protocol/notebookOutput.ts';
import { element } from '../components/dom.ts';
import { stateMark } from './status.ts';

/** What a definition comes to with its defaults, or what is wrong with it. */
export function checkView({ problems, values }: CheckOutput): Node[] {
  if (problems.length > 0)
    return [
      element('p', { class: 'lora-head' }, stateMark('failed'), element('strong', {}, 'Problems')),
      element(
        'ul',
        {},
        problems.map(problem => element('li', {}, problem)),
      ),
    ];
  return [
    element(
      'details',
      {},
      element('summary', {}, 'No problems. With all defaults'),
      element('pre', {}, JSON.stringify(values, null, 2)),
    ),
  ];
}
