import type { WorkProgress } from '../../src/protocol/engine/source.ts';
import type { FoundWeights } from '../../src/protocol/engine/weighing.ts';
import type { Weights } from '../../src/protocol/target.ts';
import { foundWeightsLines } from '../../src/report/foundWeights.ts';
import { element, replaceContent } from '../components/dom.ts';
import { problemBox } from '../components/problem.ts';

interface FinderOptions {
  /** Of which blend: for screen readers. */
  blend: string;
  find(tell: (progress: WorkProgress) => void, signal: AbortSignal): Promise<FoundWeights | undefined>;
  use(weights: Weights): void;
}

interface WeightFinder {
  button: HTMLElement;
  /** How far it is, and what was found. */
  element: HTMLElement;
  stop(): void;
}

/** Weights that a few examples speak for, and whether they are worth it. */
export function weightFinder({ blend, find, use }: FinderOptions): WeightFinder {
  const status = element('div', { role: 'status', class: 'status' });
  let abort: AbortController | undefined;
  const button = element(
    'vscode-button',
    { id: `find-${blend}`, appearance: 'secondary', onclick: () => (abort ? abort.abort() : void search()) },
    'Find Weights…',
  );

  async function search(): Promise<void> {
    abort = new AbortController();
    const { signal } = abort;
    button.textContent = 'Cancel the Search';
    replaceContent(status);
    try {
      const found = await find(told => replaceContent(status, progressLine(told)), signal);
      replaceContent(status, found && resultOf(found));
      if (found) use(found.weights);
    } catch (error) {
      replaceContent(status, signal.aborted ? 'Cancelled.' : problemBox(error));
    }
    abort = undefined;
    button.textContent = 'Find Weights…';
  }

  return { button, element: status, stop: () => abort?.abort() };
}

function progressLine({ message, done, total }: WorkProgress) {
  const bar = total > 0 && element('progress', { max: total, value: done, 'aria-label': 'Finding weights' });
  return element('span', {}, bar, ` ${message}`);
}

function resultOf(found: FoundWeights): HTMLElement {
  const [weights, ...lines] = foundWeightsLines(found);
  return element(
    'details',
    { open: true },
    element('summary', {}, `Found: ${weights}`),
    [...lines, ...found.notes].map(line => element('p', { class: 'muted' }, line)),
  );
}
