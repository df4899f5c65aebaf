import type { WorkProgress } from '../../src/protocol/engine/source.ts';
import type { FoundWeights } from '../../src/protocol/engine/weighing.ts';
import type { Weights } from '../../src/protocol/target.ts';
import { foundWeightsLines } from '../../src/report/foundWeights.ts';
import { element, replaceContent, setText } from '../components/dom.ts';
import { problemNote } from '../components/problem.ts';
import { progressLine } from '../components/progressLine.ts';

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
  const progress = element('div', {});
  let abort: AbortController | undefined;
  const button = element(
    'vscode-button',
    { id: `find-${blend}`, appearance: 'secondary', onclick: () => (abort ? abort.abort() : void search()) },
    'Find Weights…',
  );

  async function search(): Promise<void> {
    abort = new AbortController();
    const { signal } = abort;
    setText(button, 'Cancel the Search');
    replaceContent(status, 'Finding weights…');
    try {
      const found = await find(
        ({ message, done, total }) => replaceContent(progress, progressLine('Finding weights', message, done, total)),
        signal,
      );
      replaceContent(status, found && resultOf(found));
      if (found) use(found.weights);
    } catch (error) {
      replaceContent(status, signal.aborted ? 'Cancelled.' : problemNote(error));
    }
    abort = undefined;
    replaceContent(progress);
    setText(button, 'Find Weights…');
  }

  return { button, element: element('div', {}, status, progress), stop: () => abort?.abort() };
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
