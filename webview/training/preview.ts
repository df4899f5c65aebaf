import type { DataPreview } from '../../src/protocol/views/training.ts';
import { count } from '../../src/text/numbers.ts';
import { element, replaceContent } from '../components/dom.ts';
import { problemBox } from '../components/problem.ts';

export interface PreviewView {
  element: HTMLElement;
  /** Reads an expert's data anew; without one there is nothing to show. */
  show(expert: string | undefined): void;
}

/** Examples that are shown. */
const rows = 3;

/** The first examples of an expert as training reads them: token by token, with what is learned marked. */
export function previewView(
  load: (expert: string, rows: number, signal: AbortSignal) => Promise<DataPreview>,
): PreviewView {
  const content = element('div', {});
  const section = element(
    'details',
    { class: 'section preview', open: true },
    element('summary', {}, element('h2', {}, 'Data as it is trained on')),
    content,
  );
  let loading = new AbortController();

  return {
    element: section,
    async show(expert) {
      loading.abort();
      loading = new AbortController();
      const { signal } = loading;
      if (expert === undefined) return;
      section.setAttribute('aria-busy', 'true');
      try {
        const preview = await load(expert, rows, signal);
        replaceContent(content, previewOf(preview));
      } catch (error) {
        if (signal.aborted) return;
        replaceContent(content, problemBox(error));
      }
      section.removeAttribute('aria-busy');
    },
  };
}

function previewOf({ file, examples, maxLength, rows: shown }: DataPreview): HTMLElement[] {
  return [
    element(
      'p',
      { class: 'muted lead' },
      `The first ${shown.length} of ${count(examples)} examples in `,
      element('span', { class: 'mono' }, file),
      ', with the chat template, cut into tokens. ',
      element('span', { class: 'token trained' }, 'Marked tokens'),
      ' are learned; the others are read.',
    ),
    element(
      'ol',
      { class: 'examples' },
      shown.map(({ tokens, cut }) => {
        const learned = tokens.filter(({ isTrained }) => isTrained).length;
        const facts = [
          `${count(tokens.length)} tokens, ${count(learned)} learned`,
          ...(cut > 0 ? [`${count(cut)} cut off after ${count(maxLength)}`] : []),
          ...(learned === 0 ? ['left out: nothing of its answer is learned'] : []),
        ];
        return element(
          'li',
          {},
          element('p', { class: cut > 0 || learned === 0 ? 'warning' : 'muted' }, facts.join(' · ')),
          element('div', { class: 'example mono' }, tokens.map(tokenView)),
        );
      }),
    ),
  ];
}

function tokenView({ text, isTrained }: DataPreview['rows'][number]['tokens'][number]): HTMLElement {
  // A line that ends is seen, and still ends.
  const shown = text.replace(/\n/g, '↵\n');
  return element(isTrained ? 'mark' : 'span', { class: isTrained ? 'token trained' : 'token' }, shown);
}
