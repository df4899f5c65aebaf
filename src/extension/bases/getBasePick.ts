import { totalmem } from 'node:os';
import { type QuickPickItem, QuickPickItemKind, window } from 'vscode';
import type { CachedModel } from '../../protocol/engine/models.ts';
import { type BaseGroup, type BaseSource, baseGroups, typedItem } from './getBaseItems.ts';

type Item = QuickPickItem & { source?: BaseSource };

/** Lets the user choose a base, or type the name of one; undefined when none is wanted. */
export async function pickBase(listModels: () => Promise<CachedModel[]>): Promise<BaseSource | undefined> {
  const pick = window.createQuickPick<Item>();
  pick.title = 'Get a base model';
  pick.placeholder = 'Choose one, or type owner/name of any model of the Hugging Face hub';
  pick.matchOnDescription = true;
  pick.busy = true;
  let groups: BaseGroup[] = [];
  const show = () => {
    const typed = typedItem(pick.value, groups);
    // What was typed is its own label, so that the filter keeps it.
    pick.items = [...(typed ? [typed] : []), ...groups.flatMap(asItems)];
  };
  try {
    return await new Promise<BaseSource | undefined>((resolve, reject) => {
      pick.onDidChangeValue(show);
      pick.onDidAccept(() => resolve(pick.selectedItems[0]?.source));
      pick.onDidHide(() => resolve(undefined));
      pick.show();
      listModels().then(cached => {
        groups = baseGroups(cached, memoryOfMachine());
        pick.busy = false;
        show();
      }, reject);
    });
  } finally {
    pick.dispose();
  }
}

function asItems({ title, items }: BaseGroup): Item[] {
  return [{ label: title, kind: QuickPickItemKind.Separator }, ...items];
}

/** In a container, what it may use. */
function memoryOfMachine(): number {
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limit);
}
