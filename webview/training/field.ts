import type { FieldControl, FormField } from '../../src/protocol/views/training.ts';
import { element, freshId, replaceContent, setText } from '../components/dom.ts';
import { resetIcon } from '../components/icons.ts';
import { type FieldInput, inputFor } from './inputs.ts';

export interface FieldView {
  element: HTMLElement;
  /** Shows what is written now; what is being typed is left alone. */
  show(field: FormField): void;
}

/** A setting: its name, its control, what it means, and what is wrong with it. */
export function fieldView(first: FormField, write: (value: unknown) => void): FieldView {
  let field = first;
  const helpId = freshId('help');
  const problemId = freshId('problem');
  const { control, label } = first;
  const input: FieldInput = inputFor(control, {
    label,
    describedBy: `${helpId} ${problemId}`,
    change(value) {
      refused = undefined;
      // A setting that says what holds anyway need not be written.
      const isOtherwise = value === undefined || same(value, field.otherwise);
      if (!isOtherwise || field.isWritten) write(isOtherwise ? undefined : value);
      mark();
    },
    settle() {
      refused = undefined;
      mark();
    },
    refuse(why) {
      refused = why;
      mark();
    },
  });
  /** Why what was typed is not written. */
  let refused: string | undefined;
  const help = element('p', { class: 'field-help', id: helpId });
  const problem = element('p', { class: 'field-problem', id: problemId, role: 'alert' });
  const reset = element(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      onclick: () => {
        write(undefined);
        input.focus();
      },
    },
    resetIcon(),
  );
  const box = element(
    'div',
    { class: `setting setting-${control.kind}`, 'data-path': JSON.stringify(first.path) },
    element('div', { class: 'setting-head' }, input.label, reset),
    input.element,
    problem,
    help,
  );

  function mark(): void {
    const wrong = refused ?? field.problem;
    setText(problem, wrong);
    input.setInvalid(wrong !== undefined);
    box.classList.toggle('changed', isChanged(field));
    reset.hidden = !field.isWritten || isOwnText(field);
    const what = field.otherwise === undefined ? `Clear ${label}` : `Reset ${label} to ${shown(field.otherwise)}`;
    reset.setAttribute('aria-label', what);
    reset.title = what;
    const chosen = optionText(field.control, field.value);
    replaceContent(help, chosen && element('span', { class: 'option-help' }, chosen), withCode(field.help));
  }

  function show(next: FormField): void {
    field = next;
    if (input.show(next)) refused = undefined;
    mark();
  }

  show(first);
  return { element: box, show };
}

/** It is written, and says something else than what would hold without it. */
export function isChanged(field: FormField): boolean {
  return field.isWritten && !isOwnText(field) && !same(field.value, field.otherwise);
}

/** What an expert says of itself has nothing to differ from. */
function isOwnText({ control, otherwise }: FormField): boolean {
  return control.kind === 'text' && otherwise === undefined;
}

/** What stands between backticks is as it is written in a recipe. */
function withCode(text: string): (string | HTMLElement)[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? element('code', { class: 'mono' }, part) : part));
}

function optionText(control: FieldControl, value: unknown): string | undefined {
  return control.kind === 'choice' ? control.options.find(option => option.value === value)?.text : undefined;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
