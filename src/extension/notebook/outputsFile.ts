import { l10n, type NotebookCell, type NotebookDocument, type Uri, workspace } from 'vscode';
import { notebookOutputsPath } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { outputsOf, outputsText, parseOutputs, type SavedStep } from '../../recipe/notebook/savedOutputs.ts';
import { runnableCells, valueOfCell } from '../recipe/recipeNotebook.ts';

/** Outputs beside their recipe. */
export interface OutputsFile {
  /** What was kept of each cell that is still what it was. */
  read(notebook: NotebookDocument): Promise<Map<NotebookCell, SavedStep>>;
  /** Keeps the output of a cell, or with undefined forgets it. */
  keep(cell: NotebookCell, saved: SavedStep | undefined): Promise<void>;
}

export function createOutputsFile(): OutputsFile {
  let writing: Promise<unknown> = Promise.resolve();

  async function read(notebook: NotebookDocument): Promise<Map<NotebookCell, SavedStep>> {
    const cells = runnableCells(notebook);
    const saved = outputsOf(cells.map(valueOfCell), await readSaved(fileOf(notebook)));
    return new Map(cells.flatMap((cell, i) => (saved[i] ? [[cell, saved[i]]] : [])));
  }

  async function write(cell: NotebookCell, saved: SavedStep | undefined): Promise<void> {
    const { notebook } = cell;
    const all = await read(notebook);
    if (!saved && !all.has(cell)) return;
    if (saved) all.set(cell, saved);
    else all.delete(cell);
    const file = fileOf(notebook);
    await checkOwn(file);
    const partial = file.with({ path: `${file.path}.${process.pid}.tmp` });
    const kept = runnableCells(notebook).flatMap(each => all.get(each) ?? []);
    await workspace.fs.writeFile(partial, new TextEncoder().encode(outputsText(kept)));
    await workspace.fs.rename(partial, file, { overwrite: true });
  }

  return {
    read,
    keep(cell, saved) {
      const done = writing.then(() => write(cell, saved));
      // Whoever keeps an output is told that it failed; the next is written all the same.
      writing = done.catch(() => undefined);
      return done;
    },
  };
}

function fileOf({ uri }: NotebookDocument): Uri {
  return uri.with({ path: notebookOutputsPath(uri.path) });
}

async function readSaved(file: Uri): Promise<SavedStep[]> {
  const text = await readIfThere(file);
  return (text === undefined ? undefined : parseOutputs(text)) ?? [];
}

/** Throws `badRequest` where there is a file that no notebook wrote: somebody may need it. */
async function checkOwn(file: Uri): Promise<void> {
  const text = await readIfThere(file);
  if (text === undefined || parseOutputs(text)) return;
  throw new WorkbenchError(
    'badRequest',
    l10n.t('{0} holds no outputs of a recipe; they would replace it', file.fsPath),
    l10n.t('Move it elsewhere, or give it another name.'),
  );
}

function readIfThere(file: Uri): Promise<string | undefined> {
  return Promise.resolve(workspace.fs.readFile(file)).then(
    bytes => new TextDecoder().decode(bytes),
    () => undefined,
  );
}
