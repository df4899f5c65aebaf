import { type QuickPickItem, QuickPickItemKind, window } from 'vscode';

/** Something to choose, and what stands for it. */
export interface Choice<S> {
  source: S;
  label: string;
  description: string;
  detail?: string;
}

export interface ChoiceGroup<S> {
  title: string;
  items: Choice<S>[];
}

interface Question<S> {
  title: string;
  placeholder: string;
  /** What is typed to begin with. */
  value?: string;
  groups(): Promise<ChoiceGroup<S>[]>;
  /** What stands for a text that was typed, where none of the groups does. */
  typed(text: string, groups: readonly ChoiceGroup<S>[]): Choice<S> | undefined;
}

type Item<S> = QuickPickItem & { source?: S };

/** Lets the user choose one, or type the name of one; undefined when none is wanted. */
export async function pickOrType<S>(question: Question<S>): Promise<S | undefined> {
  const pick = window.createQuickPick<Item<S>>();
  pick.title = question.title;
  pick.placeholder = question.placeholder;
  pick.value = question.value ?? '';
  pick.matchOnDescription = true;
  pick.busy = true;
  let groups: ChoiceGroup<S>[] = [];
  const show = () => {
    const typed = question.typed(pick.value, groups);
    // What was typed is its own label, so that the filter keeps it.
    pick.items = [...(typed ? [typed] : []), ...groups.flatMap(groupItems)];
  };
  try {
    return await new Promise<S | undefined>((resolve, reject) => {
      pick.onDidChangeValue(show);
      pick.onDidAccept(() => resolve(pick.selectedItems[0]?.source));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
      question.groups().then(found => {
        groups = found;
        pick.busy = false;
        show();
      }, reject);
    });
  } finally {
    pick.dispose();
  }
}

/** A group as rows of a list, under its title. */
export function groupItems<S>({ title, items }: ChoiceGroup<S>): Item<S>[] {
  return [...(title === '' ? [] : [{ label: title, kind: QuickPickItemKind.Separator }]), ...items];
}
