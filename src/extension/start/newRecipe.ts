import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { commands, l10n, RelativePattern, Uri, window, workspace } from 'vscode';
import { globs, recipeEnding } from '../../experiment/paths.ts';
import type { ExpertData } from '../../recipe/expertData.ts';
import { recipeForData } from '../../recipe/recipeForData.ts';
import { expertsData } from '../recipe/dataFiles.ts';
import { readableData } from '../recipe/readableData.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { writeNewFile } from '../services/writeNewFile.ts';

/** Enough to choose from in a list. */
const mostFiles = 200;

/** What the data file of a new recipe holds: the form, and something that can be trained at once. */
const starterRows = [
  { question: 'What does an expert learn from?', answer: 'From examples: one question and its answer on each line.' },
  { question: 'How many examples does it need?', answer: 'A few hundred are a start.' },
  { question: 'Which other forms are there?', answer: 'Chats as "messages", or "prompt" and "completion"; CSV too.' },
];

/** Writes a recipe into a folder, and data to begin with where none is given or chosen, and opens it. Overwrites nothing. */
export async function newRecipe(engine: HostEngine, base = 'embedded', given?: string[]): Promise<void> {
  const folder = await chooseFolder();
  const name = folder && (await askName(folder.fsPath));
  const chosen = folder && name && (given ?? (await askData(folder, name)));
  if (!folder || !name || !chosen) return;
  const paired = given ? given.map(train => ({ train })) : await pairsOf(folder.fsPath, chosen);
  const data = await readableData(engine, folder.fsPath, paired);
  if (!data) return;
  const recipe = join(folder.fsPath, name + recipeEnding);
  await writeNewFile(recipe, recipeForData(name, base, data));
  // The experts of a window are those of its folders.
  if (!workspace.workspaceFolders) await commands.executeCommand('vscode.openFolder', folder);
  else await window.showTextDocument(Uri.file(recipe));
}

function pairsOf(folder: string, files: readonly string[]): Promise<ExpertData[]> {
  return expertsData(
    folder,
    files.map(file => join(folder, file)),
  );
}

async function chooseFolder(): Promise<Uri | undefined> {
  const folders = workspace.workspaceFolders ?? [];
  if (folders.length > 1) return (await window.showWorkspaceFolderPick())?.uri;
  if (folders[0]) return folders[0].uri;
  const title = l10n.t('Folder for the recipe');
  const chosen = await window.showOpenDialog({
    title,
    openLabel: l10n.t('Choose'),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return chosen?.[0];
}

async function askName(folder: string): Promise<string | undefined> {
  const name = await window.showInputBox({
    title: l10n.t('New recipe'),
    prompt: l10n.t('Its name: it becomes NAME{0} in {1}.', recipeEnding, folder),
    value: 'experts',
    validateInput: text => {
      if (!/^[\w][\w .-]*$/.test(text.trim())) return 'Letters, digits, spaces, "_", "-" and ".".';
      return existsSync(join(folder, text.trim() + recipeEnding))
        ? l10n.t('There is a recipe of that name already.')
        : undefined;
    },
  });
  return name?.trim();
}

/** Data files relative to the folder: those the user chooses, else one that is written now. */
async function askData(folder: Uri, name: string): Promise<string[] | undefined> {
  const pattern = new RelativePattern(folder, '**/*.{jsonl,csv,tsv,parquet,jsonl.gz,csv.gz}');
  const found = await workspace.findFiles(pattern, globs.notResults, mostFiles);
  const paths = found.map(uri => relative(folder.fsPath, uri.fsPath).replaceAll('\\', '/')).sort();
  const chosen =
    paths.length === 0
      ? []
      : await window.showQuickPick(paths, {
          title: l10n.t('What the experts learn from: one expert for each file'),
          placeHolder: l10n.t('Choose none to begin with a few examples to edit'),
          canPickMany: true,
        });
  if (!chosen || chosen.length > 0) return chosen;
  const starter = `${name}.jsonl`;
  const text = starterRows.map(row => `${JSON.stringify(row)}\n`).join('');
  if (!existsSync(join(folder.fsPath, starter))) await writeNewFile(join(folder.fsPath, starter), text);
  return [starter];
}
