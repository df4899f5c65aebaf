import { readFile } from 'node:fs/promises';
import { type Disposable, type Event, EventEmitter, l10n, type Uri, window, workspace } from 'vscode';
import { recipeEnding } from '../../experiment/paths.ts';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { DefinedNames, RenamedName } from '../../recipe/renamedNames.ts';
import { inNotification } from '../../text/shown.ts';
import type { Messages } from '../services/messages.ts';

/** What has results under a name keeps them when a recipe gives it another one. */
export interface FollowNames extends Disposable {
  /** A rename that the editor is about to make: it counts when the recipe is saved with it. */
  asked(recipe: Uri, renamed: RenamedName): void;
  /** Resolves when what was saved by now is followed. */
  settled(): Promise<void>;
  /** Results have other names. */
  onDidFollow: Event<void>;
}

interface Followed {
  /** As the recipe was when all that has results was followed. */
  saved: DefinedNames;
  asked: RenamedName[];
  /** Names that the user was asked about, as they were asked. */
  questions: Set<string>;
}

/**
 * Watches recipes that are saved. A rename by the editor is followed; where an expert that is trained goes and another
 * comes, which is a rename by hand or not, the user is asked. Until a recipe is saved, nothing moves: what lies on the disk
 * fits together.
 */
export function createFollowNames(messages: Messages): FollowNames {
  const followed = new EventEmitter<void>();
  const recipes = new Map<string, Promise<Followed | undefined>>();
  let settling: Promise<unknown> = Promise.resolve();

  /** Reads what a recipe says on the disk, before it is changed. */
  function know(recipe: Uri): Promise<Followed | undefined> {
    const known = recipes.get(recipe.fsPath) ?? read(recipe);
    recipes.set(recipe.fsPath, known);
    return known;
  }

  async function save(recipe: Uri): Promise<void> {
    const state = await know(recipe);
    const now = await read(recipe);
    if (!now) return;
    if (!state) recipes.set(recipe.fsPath, Promise.resolve(now));
    else await follow(recipe, state, now.saved);
  }

  async function follow(recipe: Uri, state: Followed, saved: DefinedNames): Promise<void> {
    const { followedNames } = await import('../../recipe/renamedNames.ts');
    const renames = followedNames(state.saved, saved, state.asked);
    for (const renamed of renames) await rename(recipe, renamed);
    const question = await questionOf(recipe, state, saved);
    if (renames.length > 0) {
      state.saved = saved;
      followed.fire();
    }
    if (question) void ask(recipe, state, question).catch(messages.error);
  }

  async function ask(recipe: Uri, state: Followed, { from, candidates }: Question): Promise<void> {
    const message = l10n.t(
      '“{0}” is trained, but the recipe no longer names it. Was it renamed? What it learned is kept under the new name.',
      from,
    );
    const answers: { title: string; to?: string }[] = candidates
      .slice(0, mostCandidates)
      .map(to => ({ title: l10n.t('Renamed to “{0}”', to), to }));
    const answer = await window.showInformationMessage(inNotification(message), ...answers, {
      title: l10n.t('It Was Removed'),
    });
    const to = answer?.to;
    const now = await read(recipe);
    if (to === undefined || !now) return;
    if (!now.saved.names.expert.includes(to))
      throw new WorkbenchError(
        'notFound',
        l10n.t("The recipe no longer has an expert '{0}'.", to),
        l10n.t('Save the recipe again to be asked again.'),
      );
    await rename(recipe, { kind: 'expert', from, to });
    state.saved = now.saved;
    followed.fire();
  }

  const look = (uri: Uri) => {
    if (uri.scheme === 'file' && uri.path.endsWith(recipeEnding)) void know(uri);
  };
  const saved = (uri: Uri) => {
    if (uri.scheme !== 'file' || !uri.path.endsWith(recipeEnding) || !workspace.isTrusted) return;
    settling = settling.then(() => save(uri)).catch(messages.error);
  };
  const disposables = [
    followed,
    workspace.onDidOpenTextDocument(({ uri }) => look(uri)),
    workspace.onDidOpenNotebookDocument(({ uri }) => look(uri)),
    workspace.onDidSaveTextDocument(({ uri }) => saved(uri)),
    workspace.onDidSaveNotebookDocument(({ uri }) => saved(uri)),
  ];
  for (const { uri } of [...workspace.textDocuments, ...workspace.notebookDocuments]) look(uri);
  return {
    asked(recipe, renamed) {
      settling = settling.then(async () => (await know(recipe))?.asked.push(renamed));
    },
    settled: () => settling.then(() => {}),
    onDidFollow: followed.event,
    dispose: () => disposables.forEach(d => d.dispose()),
  };
}

/** As many as a notification has room for. */
const mostCandidates = 3;

interface Question {
  from: string;
  candidates: string[];
}

/** Which trained expert may have got another name by hand; undefined where none has, or it was asked before. */
async function questionOf(
  recipe: Uri,
  { saved: before, questions }: Followed,
  saved: DefinedNames,
): Promise<Question | undefined> {
  const { mayBeRenamed } = await import('../../recipe/renamedNames.ts');
  const { isThere } = await import('../../experiment/files.ts');
  const { trainedAdapter } = await readExperimentPaths(recipe.fsPath);
  for (const { from, candidates } of mayBeRenamed(before, saved)) {
    if (!(await isThere(trainedAdapter(from)))) continue;
    const free: string[] = [];
    for (const name of candidates) if (!(await isThere(trainedAdapter(name)))) free.push(name);
    const key = [from, ...free].join('\n');
    if (free.length === 0 || questions.has(key)) continue;
    questions.add(key);
    return { from, candidates: free };
  }
  return undefined;
}

async function rename(recipe: Uri, renamed: RenamedName): Promise<void> {
  const { renameResults } = await import('../../experiment/renameResults.ts');
  await renameResults(recipe.fsPath, await readExperimentPaths(recipe.fsPath), renamed);
}

/** Undefined for a recipe that is not on the disk. */
async function read(recipe: Uri): Promise<Followed | undefined> {
  const text = await readFile(recipe.fsPath, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { definedNames } = await import('../../recipe/renamedNames.ts');
  return { saved: definedNames(text), asked: [], questions: new Set() };
}
