import type { WorkProgress } from '../../src/protocol/engine/source.ts';
import type { Weights } from '../../src/protocol/target.ts';
import type { Comparison, Lab } from '../../src/protocol/views/blend.ts';
import { count, weightList } from '../../src/text/numbers.ts';
import { element, replaceContent } from '../components/dom.ts';
import { problemNote } from '../components/problem.ts';
import { progressLine } from '../components/progressLine.ts';
import { type MergeWish, methodTable } from './methodTable.ts';
import { numberField } from './numberField.ts';
import { changeState, state } from './state.ts';

interface MergeContext {
  lab: Lab;
  /** Blends of now, by their titles. */
  blends(): { title: string; weights: Weights }[];
  compare(wish: MergeWish & { fitted: boolean }, signal: AbortSignal): Promise<Comparison>;
  /** What became of it, in a sentence; nothing where it was cancelled. */
  merge(wish: MergeWish & { method: string; into: 'adapter' | 'model' }): Promise<string | undefined>;
}

/** How far a comparison is, and its fit where one is under way. */
interface ComparisonProgress {
  method: string;
  done: number;
  total: number;
  work?: WorkProgress;
}

export interface MergePanel {
  element: HTMLElement;
  /** Blends have changed: figures of others are taken away. */
  refresh(): void;
  /** How far the comparison is. */
  tell(progress: ComparisonProgress): void;
  /** Ends a comparison that is under way. */
  dispose(): void;
}

/** One of the blends as a permanent merge: what each method costs in exactness, and the making of it. */
export function mergePanel(context: MergeContext): MergePanel {
  const { lab } = context;
  const tablePlace = element('div', {});
  const chosenText = element('p', { class: 'muted' });
  const status = element('div', { role: 'status', class: 'status' });
  const progress = element('div', {});
  const choice = element('vscode-dropdown', {
    'aria-label': 'Blend to merge',
    onchange: event => changeMerge({ pane: Number((event.target as HTMLSelectElement).value) }),
  });
  const compareButton = element(
    'vscode-button',
    { appearance: 'secondary', onclick: () => void compare() },
    'Compare Methods',
  );
  const cancelButton = element(
    'vscode-button',
    { appearance: 'secondary', hidden: true, onclick: () => abort?.abort() },
    'Cancel',
  );
  const mergeButtons = (['adapter', 'model'] as const).map(into =>
    element(
      'vscode-button',
      { appearance: into === 'adapter' ? 'primary' : 'secondary', onclick: () => void merge(into) },
      into === 'adapter' ? 'Merge to Adapter…' : 'Merge to Full Model…',
    ),
  );
  let abort: AbortController | undefined;
  let found: { of: string; comparison: Comparison } | undefined;

  const wish = (): MergeWish => {
    const blends = context.blends();
    const { weights } = blends[state.merge.pane] ?? blends[0]!;
    return { weights, density: state.merge.density, rank: state.merge.rank };
  };

  function changeMerge(change: Partial<typeof state.merge>): void {
    changeState({ merge: { ...state.merge, ...change } });
    refresh();
  }

  function refresh(): void {
    const blends = context.blends();
    const shown = blends[state.merge.pane] ? state.merge.pane : 0;
    if (choice.children.length !== blends.length)
      replaceContent(
        choice,
        blends.map(({ title }, i) => element('vscode-option', { value: i, selected: i === shown }, `Blend ${title}`)),
      );
    const { weights } = wish();
    const isBase = Object.keys(weights).length === 0;
    replaceContent(
      chosenText,
      isBase ? 'This blend is the base alone: there is nothing to merge.' : weightList(weights),
    );
    for (const button of [compareButton, ...mergeButtons])
      button.toggleAttribute('disabled', isBase || abort !== undefined);
    const comparison = found?.of === JSON.stringify(wish()) ? found.comparison : undefined;
    replaceContent(
      tablePlace,
      methodTable(lab, wish(), comparison, method => changeMerge({ method })),
    );
  }

  async function compare(): Promise<void> {
    const asked = wish();
    abort = new AbortController();
    cancelButton.hidden = false;
    replaceContent(status, 'Comparing methods…');
    refresh();
    const { signal } = abort;
    try {
      const comparison = await context.compare({ ...asked, fitted: state.merge.fitted }, signal);
      found = { of: JSON.stringify(asked), comparison };
      replaceContent(status, 'Compared.');
    } catch (error) {
      replaceContent(status, signal.aborted ? 'Cancelled.' : problemNote(error));
    }
    abort = undefined;
    replaceContent(progress);
    cancelButton.hidden = true;
    refresh();
  }

  async function merge(into: 'adapter' | 'model'): Promise<void> {
    replaceContent(status, 'Merging…');
    try {
      replaceContent(status, await context.merge({ ...wish(), method: state.merge.method, into }));
    } catch (error) {
      replaceContent(status, problemNote(error));
    }
  }

  refresh();
  return {
    element: element(
      'section',
      { 'aria-labelledby': 'merge-heading', id: 'merge' },
      element('h2', { id: 'merge-heading' }, 'Merge for good'),
      element(
        'p',
        { class: 'muted lead' },
        'A blend costs nothing at run time and is exact. A merge is one adapter, or one model, for programs that take only that. Error is ‖merged − exact sum‖ / ‖exact sum‖.',
        lab.sets.length > 0 && ' Scores are those of the last report, of the same weights and settings.',
      ),
      element(
        'div',
        { class: 'row' },
        choice,
        numberField('Density', { min: 0.05, max: 1, step: 0.05, value: state.merge.density }, density =>
          changeMerge({ density: density ?? 0.5 }),
        ),
        numberField('Rank', { min: 1, max: 1024, step: 1, value: state.merge.rank, placeholder: 'largest' }, rank =>
          changeMerge({ rank: rank && Math.round(rank) }),
        ),
        element(
          'vscode-checkbox',
          {
            checked: state.merge.fitted,
            title: 'Compare those too: each is fitted to examples of the experts’ data, which takes minutes',
            onchange: event => changeMerge({ fitted: (event.target as HTMLInputElement).checked }),
          },
          'Fitted methods too',
        ),
        compareButton,
        cancelButton,
        ...mergeButtons,
      ),
      chosenText,
      status,
      progress,
      tablePlace,
    ),
    refresh,
    dispose: () => abort?.abort(),
    tell({ method, done, total, work }) {
      const within = work && work.total > 0 ? work.done / work.total : 0;
      const of = work && work.total > 0 ? `, ${count(work.done)} of ${count(work.total)}` : '';
      const doing = work ? `: ${work.message}${of}` : '';
      const text = `${method}, ${done + 1} of ${total}${doing}`;
      replaceContent(progress, progressLine('Comparing methods', text, done + within, total));
    },
  };
}
