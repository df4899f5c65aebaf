import type { FormScope, TrainingForm } from '../../src/protocol/views/training.ts';
import { element, replaceContent } from '../components/dom.ts';
import { type FieldView, fieldView, isChanged } from './field.ts';
import { changeState, state } from './state.ts';
import { tabList } from './tabs.ts';

export interface FormOptions {
  edit(path: FormScope['sections'][number]['fields'][number]['path'], value: unknown): void;
  /** Stands behind what an expert is. */
  preview: HTMLElement;
  /** Another expert's settings are shown. */
  scopeChanged(expert: string | undefined): void;
}

export interface FormView {
  element: HTMLElement;
  show(form: TrainingForm): void;
}

/** No expert can be called so. */
const everyone = '*';

/** The settings of all experts and of each, with what is changed marked; fields are kept while their form is the same. */
export function formView(options: FormOptions): FormView {
  const scopes = element('div', {});
  const sections = element('div', { id: 'scope-panel', role: 'tabpanel', class: 'sections' });
  const problems = element('div', {});
  let fields = new Map<string, FieldView>();
  let counts = new Map<string, HTMLElement>();
  let shape = '';
  let shownProblems = '';
  let form: TrainingForm | undefined;

  function scopeNow({ scopes: all }: TrainingForm): FormScope | undefined {
    return all.find(({ expert }) => expert === state.scope) ?? all[0];
  }

  function show(next: TrainingForm): void {
    form = next;
    const told = JSON.stringify(next.problems);
    if (told !== shownProblems)
      replaceContent(
        problems,
        next.problems.map(text => element('p', { class: 'problem', role: 'alert' }, text)),
      );
    shownProblems = told;
    const scope = scopeNow(next);
    const nextShape = shapeOf(next, scope);
    if (nextShape !== shape) build(next, scope);
    shape = nextShape;
    for (const section of scope?.sections ?? []) {
      for (const field of section.fields) fields.get(JSON.stringify(field.path))?.show(field);
      const changed = section.fields.filter(isChanged).length;
      replaceContent(counts.get(section.title)!, changed > 0 ? `${changed} changed` : undefined);
    }
  }

  function build({ scopes: all }: TrainingForm, scope: FormScope | undefined): void {
    fields = new Map();
    counts = new Map();
    const named = (expert: string | undefined) => expert ?? everyone;
    const tabs = tabList(
      { label: 'Whose settings', prefix: 'scope', chosen: named(scope?.expert) },
      all.map(({ expert }) => ({ name: named(expert), label: expert ?? 'All experts' })),
      choose,
    );
    replaceContent(scopes, all.length > 1 && tabs.element);
    sections.setAttribute('aria-labelledby', `scope-tab-${named(scope?.expert)}`);
    const [first, ...others] = scope?.sections.map(sectionView) ?? [];
    replaceContent(sections, first, scope?.expert !== undefined && options.preview, others);
  }

  function sectionView({ title, isRare, fields: own }: FormScope['sections'][number]): HTMLElement {
    const views = own.map(field => {
      const view = fieldView(field, value => options.edit(field.path, value));
      fields.set(JSON.stringify(field.path), view);
      return view.element;
    });
    const count = element('span', { class: 'muted count' });
    counts.set(title, count);
    const isOpen = state.folded[title] === undefined ? !isRare || own.some(isChanged) : !state.folded[title];
    return element(
      'details',
      {
        class: 'section',
        open: isOpen,
        ontoggle: event => {
          const { open } = event.currentTarget as HTMLDetailsElement;
          if (open !== isOpen || state.folded[title] !== undefined)
            changeState({ folded: { ...state.folded, [title]: !open } });
        },
      },
      element('summary', {}, element('h2', {}, title), count),
      element('div', { class: 'fields' }, views),
    );
  }

  function choose(name: string): void {
    const expert = name === everyone ? undefined : name;
    changeState({ scope: expert });
    options.scopeChanged(expert);
    if (form) show(form);
  }

  return { element: element('div', { class: 'form' }, problems, scopes, sections), show };
}

/** What has to be drawn anew when it is another. */
function shapeOf({ scopes }: TrainingForm, scope: FormScope | undefined): string {
  const fields = scope?.sections.map(s => [s.title, s.fields.map(({ path, control }) => [path, control])]);
  return JSON.stringify([scopes.map(({ expert }) => expert), scope?.expert, fields]);
}
