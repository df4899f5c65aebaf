import type { ShownRun, TrainingForm } from '../../src/protocol/views/training.ts';
import { element, replaceContent, setText } from '../components/dom.ts';
import { problemBox } from '../components/problem.ts';
import { changeState, state } from './state.ts';

export interface StartOptions {
  /** Other experts are chosen. */
  changed(): void;
  start(experts: string[], isElsewhere: boolean): Promise<void>;
}

export interface StartView {
  element: HTMLElement;
  show(form: TrainingForm): void;
  runs(runs: readonly ShownRun[]): void;
  /** Those that are to be trained. */
  experts(): string[];
}

/** Which experts are trained, and the button that begins it. */
export function startView({ changed, start }: StartOptions): StartView {
  const choices = element('div', { class: 'start-experts', role: 'group', 'aria-label': 'Experts to train' });
  const button = element('vscode-button', { class: 'start-button', onclick: () => void begin(false) }, 'Train');
  const elsewhere = element(
    'vscode-button',
    { class: 'start-elsewhere', appearance: 'secondary', onclick: () => void begin(true) },
    'On Another Machine…',
  );
  const buttons = element('div', { class: 'row' }, button, elsewhere);
  const note = element('p', { class: 'muted', role: 'status' });
  const problem = element('div', {});
  let form: TrainingForm | undefined;
  let training: readonly string[] = [];
  let shownExperts = '';

  const experts = () => (form?.experts ?? []).filter(name => !state.left.includes(name));

  async function begin(isElsewhere: boolean): Promise<void> {
    for (const each of [button, elsewhere]) each.setAttribute('disabled', '');
    replaceContent(problem);
    try {
      await start(experts(), isElsewhere);
    } catch (error) {
      replaceContent(problem, problemBox(error));
    }
    mark();
  }

  function mark(): void {
    const chosen = experts();
    const busy = chosen.filter(name => training.includes(name));
    const isReady = form?.isValid === true && chosen.length > 0 && busy.length === 0;
    for (const each of [button, elsewhere]) each.toggleAttribute('disabled', !isReady);
    const all = form?.experts ?? [];
    setText(button, chosen.length === 0 || chosen.length === all.length ? 'Train' : `Train ${chosen.join(', ')}`);
    setText(note, busy.length > 0 ? `${busy.join(', ')}: being trained already.` : noteOf(form));
  }

  function toggle(name: string, isOn: boolean): void {
    changeState({ left: isOn ? state.left.filter(other => other !== name) : [...state.left, name] });
    mark();
    changed();
  }

  return {
    element: element('section', { class: 'start', 'aria-label': 'Start' }, choices, buttons, note, problem),
    show(next) {
      form = next;
      const names = JSON.stringify(form.experts);
      if (names !== shownExperts)
        replaceContent(
          choices,
          form.experts.map(name => {
            const box = element(
              'vscode-checkbox',
              {
                checked: !state.left.includes(name),
                onchange: () => {
                  if (box.checked === state.left.includes(name)) toggle(name, box.checked);
                },
              },
              name,
            ) as HTMLInputElement;
            return box;
          }),
        );
      shownExperts = names;
      mark();
    },
    runs(runs) {
      training = runs.filter(run => run.state === 'running').flatMap(run => run.experts);
      mark();
    },
    experts,
  };
}

function noteOf(form: TrainingForm | undefined): string | undefined {
  if (!form || form.experts.length > 0) return undefined;
  return 'No expert has training data. Run “Train an Expert on This File…” on a JSONL or CSV file, or write one into the recipe.';
}
