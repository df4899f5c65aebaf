import { existsSync } from 'node:fs';
import { l10n, Uri, window } from 'vscode';
import { type RunPaths, runPaths } from '../../experiment/paths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Experts } from '../ask/experts.ts';
import { askOfRecipe } from '../chat/openChat.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';
import { openReport } from '../training/followRun.ts';
import type { createRunCommands } from '../training/runCommands.ts';
import { baseUri, deleteBase, useBase } from './baseActions.ts';
import type { BaseRef } from './baseRows.ts';
import { deleteExpert, exportExpert, loadExpert, unloadExpert } from './expertActions.ts';
import type { ExpertRef } from './expertRows.ts';
import { deleteToTrash, reveal } from './fileActions.ts';

/** What the trees show. */
export interface SidebarSources {
  engine: HostEngine;
  recipe: ActiveRecipe;
  experts: Experts;
  runs: Runs;
  messages: Messages;
}

/** What runs are begun with, and are shown with until they end. */
export type RunHandlers = ReturnType<typeof createRunCommands>;

/** The actions of the trees' rows. */
export function sidebarHandlers(
  sources: SidebarSources,
  refresh: () => void,
  { handlers: begin, follow }: RunHandlers,
) {
  const { engine, recipe, experts, runs } = sources;

  const openOf = async (run: Run, file: keyof Pick<RunPaths, 'record' | 'events'>, none: string) => {
    const folder = runs.folderOf(run);
    const path = folder && runPaths(folder)[file];
    if (!path || !existsSync(path)) throw new WorkbenchError('notFound', none);
    await window.showTextDocument(Uri.file(path));
  };

  return {
    'multiLora.sidebar.refresh': refresh,
    'multiLora.recipe.open': (path: Uri) => window.showTextDocument(path),
    'multiLora.recipe.makeActive': (path: Uri) => recipe.choose(path.fsPath),
    'multiLora.recipe.reveal': reveal,

    'multiLora.expert.ask': (ref: ExpertRef) =>
      askOfRecipe(recipe, experts, Uri.file(ref.recipe), { kind: 'expert', name: ref.expert }),
    'multiLora.expert.load': (ref: ExpertRef) => loadExpert(engine, ref),
    'multiLora.expert.unload': (ref: ExpertRef) => unloadExpert(engine, ref),
    'multiLora.expert.train': (ref: ExpertRef) =>
      begin['multiLora.train'](Uri.file(ref.recipe), { only: [ref.expert] }),
    'multiLora.expert.evaluate': (ref: ExpertRef) => begin['multiLora.evaluate'](Uri.file(ref.recipe)),
    'multiLora.expert.export': (ref: ExpertRef) => exportExpert(engine, ref),
    'multiLora.expert.reveal': ({ folder }: ExpertRef) => folder && reveal(Uri.file(folder)),
    async 'multiLora.expert.delete'(ref: ExpertRef) {
      await deleteExpert(engine, runs, ref);
      refresh();
    },

    'multiLora.run.stop': (run: Run) => run.stop(),
    'multiLora.run.resume': (run: Run) => follow(run.resume()),
    'multiLora.run.openReport': openReport,
    'multiLora.run.openEvents': (run: Run) =>
      openOf(run, 'events', 'This training has no events: it ended before its first step.'),
    'multiLora.run.openRecord': (run: Run) => openOf(run, 'record', 'This run has no record yet.'),
    async 'multiLora.run.reveal'(run: Run) {
      const folder = runs.folderOf(run);
      if (folder) await reveal(Uri.file(runPaths(folder).record));
    },
    async 'multiLora.run.delete'(run: Run) {
      const folder = runs.folderOf(run);
      if (!folder || run.state === 'running') return;
      const detail = l10n.t('Its record and its events are deleted. Adapters, checkpoints and reports stay.');
      if (await deleteToTrash(Uri.file(folder), 'Delete this run from the history?', detail)) runs.forget(run);
    },

    'multiLora.base.use': (base: BaseRef) => useBase(recipe, base),
    'multiLora.base.reveal': (base: BaseRef) => reveal(baseUri(base)),
    async 'multiLora.base.delete'(base: BaseRef) {
      await deleteBase(engine, base);
      refresh();
    },
  };
}
