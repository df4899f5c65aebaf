import type { FieldControl, FormField } from '../../src/protocol/views/training.ts';
import { element, freshId, replaceContent } from '../components/dom.ts';

/** What a field is typed or chosen with. */
export interface FieldInput {
  /** The name, before the control. */
  label: HTMLElement;
  element: HTMLElement;
  /** Returns whether it was shown: what is being typed stays. */
  show(field: FormField): boolean;
  setInvalid(isInvalid: boolean): void;
  focus(): void;
}

export interface InputOptions {
  label: string;
  describedBy: string;
  change(value: unknown): void;
  /** What was typed is what is written already. */
  settle(): void;
  /** What was typed cannot be written. */
  refuse(why: string): void;
}

type Control<Kind extends FieldControl['kind']> = Extract<FieldControl, { kind: Kind }>;

export function inputFor(control: FieldControl, options: InputOptions): FieldInput {
  switch (control.kind) {
    case 'number':
      return numberInput(control, options);
    case 'text':
      return textInput(control, options);
    case 'json':
      return jsonInput(control, options);
    case 'flag':
      return flagInput(options);
    case 'choice':
      return choiceInput(control, options);
    case 'some':
      return someInput(control, options);
  }
}

function numberInput(control: Control<'number'>, options: InputOptions): FieldInput {
  // Not of the type number: its arrows change values by accident, and it hides what is no number.
  return typedInput(
    options,
    { inputmode: control.isWhole ? 'numeric' : 'decimal', class: 'text-input narrow' },
    text => {
      const value = Number(text);
      const { min = -Infinity, max = Infinity, isWhole } = control;
      if (Number.isFinite(value) && value >= min && value <= max && (!isWhole || Number.isInteger(value)))
        return { value };
      return { refused: `${isWhole ? 'A whole number' : 'A number'}${rangeText(control)}.` };
    },
  );
}

function rangeText({ min, max }: Control<'number'>): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? '' : `, at most ${max}`;
}

function textInput({ offers, orNumber }: Control<'text'>, options: InputOptions): FieldInput {
  const read = (text: string) => ({ value: orNumber && Number.isFinite(Number(text)) ? Number(text) : text });
  const typing = (own: InputOptions) => typedInput(own, { class: 'text-input' }, read);
  return offers.length === 0 ? typing(options) : listedInput(offers, typing, options);
}

/** What there is as a list, and a field to type something else into, which is shown where that is chosen. */
function listedInput(
  offers: readonly string[],
  typing: (options: InputOptions) => FieldInput,
  options: InputOptions,
): FieldInput {
  const { label, describedBy, change } = options;
  const typed = typing({
    ...options,
    change(value) {
      // What was typed is one of the list from now on.
      isOther = false;
      change(value);
    },
  });
  const other = 'Other…';
  // The toolkit's tells of changes of its own where its options change.
  const list = element('select', {
    class: 'text-input',
    'aria-label': label,
    'aria-describedby': describedBy,
    onchange: () => {
      isOther = list.value === other;
      place.hidden = !isOther;
      if (isOther) typed.focus();
      else change(list.value === '' ? undefined : list.value);
    },
  });
  const place = element('div', { hidden: true }, typed.element);
  let isOther = false;
  typed.element.setAttribute('aria-label', `${label}, typed`);
  return {
    label: element('span', { 'aria-hidden': 'true' }, label),
    element: element('div', { class: 'listed' }, list, place),
    show(field) {
      const isShown = typed.show(field);
      const value = textOf(field.value);
      replaceContent(
        list,
        [...new Set([...offers, value]), other].map(name => element('option', { value: name }, name || 'none')),
      );
      list.value = isOther ? other : value;
      place.hidden = !isOther;
      return isShown;
    },
    setInvalid(isInvalid) {
      typed.setInvalid(isInvalid);
      list.setAttribute('aria-invalid', String(isInvalid));
    },
    focus: () => (isOther ? typed : list).focus(),
  };
}

/** What is in the lists and tables is checked where the recipe is. */
function jsonInput({ example }: Control<'json'>, options: InputOptions): FieldInput {
  return typedInput(options, { class: 'text-input' }, text => {
    try {
      return { value: JSON.parse(text) };
    } catch {
      return { refused: `JSON, such as ${example}.` };
    }
  });
}

/** An empty field is a setting that is not written. */
function typedInput(
  { label, describedBy, change, settle, refuse }: InputOptions,
  attributes: Record<string, unknown>,
  read: (text: string) => { value: unknown } | { refused: string },
): FieldInput {
  const id = freshId('input');
  let written = '';
  const input = element('input', {
    id,
    type: 'text',
    spellcheck: 'false',
    autocomplete: 'off',
    'aria-describedby': describedBy,
    ...attributes,
    onchange() {
      const text = input.value.trim();
      const result = text === '' ? { value: undefined } : read(text);
      if (text === written) settle();
      else if ('refused' in result) refuse(result.refused);
      else change(result.value);
    },
    onkeydown(event) {
      if (event.key !== 'Escape') return;
      input.value = written;
      input.dispatchEvent(new Event('change'));
    },
  });
  return {
    label: element('label', { for: id }, label),
    element: input,
    show({ value, isWritten, otherwise }) {
      const isTyping = document.activeElement === input && input.value !== written;
      written = isWritten ? textOf(value) : '';
      input.placeholder = otherwise === undefined ? '' : textOf(otherwise);
      if (isTyping) return false;
      input.value = written;
      return true;
    },
    setInvalid: isInvalid => input.setAttribute('aria-invalid', String(isInvalid)),
    focus: () => input.focus(),
  };
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function flagInput({ label, describedBy, change }: InputOptions): FieldInput {
  const box = element(
    'vscode-checkbox',
    { 'aria-describedby': describedBy, onchange: () => change(box.checked) },
    label,
  ) as HTMLInputElement;
  return {
    label: element('span', {}),
    element: box,
    show({ value }) {
      if (box.checked !== (value === true)) box.checked = value === true;
      return true;
    },
    setInvalid: () => {},
    focus: () => box.focus(),
  };
}

function choiceInput({ options }: Control<'choice'>, { label, describedBy, change }: InputOptions): FieldInput {
  const names = options.map(({ value }) => String(value));
  const choice = element(
    'vscode-dropdown',
    {
      'aria-label': label,
      'aria-describedby': describedBy,
      onchange: () => {
        const option = options[names.indexOf(choice.value)];
        if (option && choice.value !== current) change(option.value);
      },
    },
    names.map(name => element('vscode-option', { value: name }, name)),
  ) as HTMLSelectElement;
  let current = '';
  return {
    label: element('span', { 'aria-hidden': 'true' }, label),
    element: choice,
    show({ value }) {
      current = String(value);
      // A value that is none of them is shown as it is written.
      if (!names.includes(current)) {
        names.push(current);
        choice.append(element('vscode-option', { value: current }, current));
      }
      // Its options are upgraded after it is.
      for (const option of choice.querySelectorAll('vscode-option'))
        option.toggleAttribute('selected', option.getAttribute('value') === current);
      choice.value = current;
      return true;
    },
    setInvalid: isInvalid => choice.setAttribute('aria-invalid', String(isInvalid)),
    focus: () => choice.focus(),
  };
}

function someInput({ all, offers }: Control<'some'>, { label, describedBy, change, refuse }: InputOptions): FieldInput {
  let chosen: string[] = [];
  let isAll = true;
  /** A regular expression is shown, and written in the recipe's text alone. */
  let expression: string | undefined;
  const allBox = element(
    'vscode-checkbox',
    {
      onchange: () => {
        if (allBox.checked !== isAll) change(allBox.checked ? all : [...offers]);
      },
    },
    all,
  ) as HTMLInputElement;
  const list = element('div', { class: 'some' });
  const group = element('div', { role: 'group', 'aria-label': label, 'aria-describedby': describedBy }, allBox, list);

  function toggle(name: string, isOn: boolean): void {
    if (isOn === chosen.includes(name)) return;
    const next = isOn ? [...chosen, name] : chosen.filter(other => other !== name);
    if (next.length > 0) change(next);
    else {
      refuse(`At least one, or ${all}.`);
      drawList();
    }
  }

  function drawList(): void {
    const known = [...new Set([...offers, ...chosen])];
    const boxes = known.map(name => {
      const box = element(
        'vscode-checkbox',
        { checked: chosen.includes(name), onchange: () => toggle(name, box.checked) },
        name,
      ) as HTMLInputElement;
      return box;
    });
    replaceContent(list, isAll ? undefined : expression === undefined ? boxes : element('code', {}, expression));
  }

  return {
    label: element('span', { 'aria-hidden': 'true' }, label),
    element: group,
    show({ value }) {
      isAll = value === all;
      expression = typeof value === 'string' && !isAll ? value : undefined;
      chosen = Array.isArray(value) ? value.map(String) : [];
      if (allBox.checked !== isAll) allBox.checked = isAll;
      drawList();
      return true;
    },
    setInvalid: () => {},
    focus: () => allBox.focus(),
  };
}
