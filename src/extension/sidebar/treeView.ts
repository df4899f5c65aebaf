import {
  type Disposable,
  EventEmitter,
  l10n,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  window,
  workspace,
} from 'vscode';
import { visibleText } from '../../protocol/visibleText.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { Messages } from '../services/messages.ts';
import type { TreeRow } from './treeRow.ts';

/** Milliseconds between two drawings: a training tells its progress many times a second. */
const pause = 500;

export interface RowTree extends Disposable {
  /** Its rows are not what they were. */
  refresh(): void;
}

export interface RowTreeOptions<A> {
  /** Called while the view is visible, and in a workspace that is trusted alone. */
  load(): Promise<TreeRow<A>[]>;
  /** What a click does, where it does something. */
  open?(row: TreeRow<A>): { command: CommandId; argument: unknown } | undefined;
}

/**
 * A view of rows. The editor asks for them when it first shows the view, and nothing is read for one that is hidden. New
 * rows are read before the old ones go, and only rows that look different are drawn: whoever points at one, or has its
 * menu open, is not disturbed.
 */
export function createRowTree<A>(viewId: string, messages: Messages, { load, open }: RowTreeOptions<A>): RowTree {
  const changed = new EventEmitter<void>();
  let rows: TreeRow<A>[] | undefined;
  let isStale = false;
  let reading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function read(): Promise<TreeRow<A>[]> {
    isStale = false;
    try {
      return workspace.isTrusted ? await load() : [];
    } catch (error) {
      messages.error(error);
      return [];
    }
  }

  const view = window.createTreeView<TreeRow<A>>(viewId, {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      async getChildren(row) {
        if (row) return [];
        rows ??= await read();
        return rows;
      },
      getTreeItem: row => itemOf(row, open?.(row)),
    },
  });

  async function readAnew(): Promise<void> {
    const fresh = await read();
    if (rows && looks(fresh) === looks(rows)) return;
    rows = fresh;
    changed.fire();
  }

  function schedule(): void {
    timer ??= setTimeout(async () => {
      timer = undefined;
      await reading;
      if (!isStale || !view.visible) return;
      reading = readAnew();
    }, pause);
  }

  const shown = view.onDidChangeVisibility(({ visible }) => visible && isStale && schedule());
  return {
    refresh() {
      isStale = true;
      schedule();
    },
    dispose() {
      clearTimeout(timer);
      shown.dispose();
      changed.dispose();
      view.dispose();
    },
  };
}

/** All that is seen of rows. */
function looks(rows: readonly TreeRow<unknown>[]): string {
  return JSON.stringify(rows.map(({ about, ...seen }) => seen));
}

function itemOf<A>(row: TreeRow<A>, opened: { command: CommandId; argument: unknown } | undefined): TreeItem {
  const item = new TreeItem(visibleText(row.label), TreeItemCollapsibleState.None);
  item.id = row.id;
  item.description = row.description && visibleText(row.description);
  // What came from files is escaped in it; it runs nothing.
  item.tooltip = new MarkdownString(row.tooltip.join('\n\n'));
  item.iconPath = new ThemeIcon(row.icon, row.colour ? new ThemeColor(row.colour) : undefined);
  item.contextValue = row.context.join(' ');
  item.accessibilityInformation = { label: row.spoken };
  if (opened) item.command = { title: l10n.t('Open'), command: opened.command, arguments: [opened.argument] };
  return item;
}
