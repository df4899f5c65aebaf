import { type Child, element } from '../components/dom.ts';

export interface Tab<Name extends string> {
  name: Name;
  label: Child;
}

export interface Tabs<Name extends string> {
  /** The list of tabs; panels carry `tabpanel` themselves. */
  element: HTMLElement;
  choose(name: Name): void;
}

/** Tabs as the keyboard knows them: one stop, arrow keys between them. */
export function tabList<Name extends string>(
  { label, prefix, chosen }: { label: string; prefix: string; chosen: Name },
  tabs: readonly Tab<Name>[],
  onChoose: (name: Name) => void,
): Tabs<Name> {
  const buttons = tabs.map(tab =>
    element(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `${prefix}-tab-${tab.name}`,
        'aria-controls': `${prefix}-panel`,
        onclick: () => pick(tab.name),
        onkeydown: move,
      },
      tab.label,
    ),
  );

  function choose(name: Name): void {
    for (const [i, button] of buttons.entries()) {
      const isChosen = tabs[i]!.name === name;
      button.setAttribute('aria-selected', String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    }
  }

  function pick(name: Name): void {
    choose(name);
    onChoose(name);
  }

  function move(event: KeyboardEvent): void {
    const at = buttons.indexOf(event.currentTarget as HTMLButtonElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + buttons.length) % buttons.length;
    pick(tabs[next]!.name);
    // Choosing may have drawn them anew.
    document.getElementById(`${prefix}-tab-${tabs[next]!.name}`)?.focus();
  }

  choose(chosen);
  return { element: element('div', { class: 'tabs', role: 'tablist', 'aria-label': label }, buttons), choose };
}
