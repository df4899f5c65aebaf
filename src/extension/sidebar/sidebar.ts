import { stat } from 'node:fs/promises';
import { commands, Disposable, Uri, workspace } from 'vscode';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Report } from '../../protocol/report.ts';
import { canResume } from '../../protocol/runState.ts';
import { viewIds } from '../contributions/sidebar.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { percentDone } from '../runs/runText.ts';
import { errorText } from '../services/messages.ts';
import { isLatest } from '../training/runCommands.ts';
import { baseRows } from './baseRows.ts';
import { expertRows } from './expertRows.ts';
import { type ListedRecipe, recipeRows } from './recipeRows.ts';
import { runRows } from './runRows.ts';
import { type RunHandlers, type SidebarSources, sidebarHandlers } from './sidebarHandlers.ts';
import { createRowTree, type RowTree } from './treeView.ts';

export interface Sidebar extends Disposable {
  /** Of the commands of its rows. */
  handlers: ReturnType<typeof sidebarHandlers>;
}

/** The four trees beside the editors. They start the engine when one of them is shown, never before. */
export function createSidebar(sources: SidebarSources, begin: RunHandlers): Sidebar {
  const { engine, recipe, runs, messages } = sources;
  const newestReport = createReportReader();
  /** Of recipes, until one of them changes. */
  let described = new Map<string, Promise<DescribeResult>>();
  const describe = (path: string): Promise<DescribeResult> => {
    const known = described.get(path) ?? engine.request('describe', { recipe: path });
    described.set(path, known);
    // What could not be read is asked for again.
    known.catch(() => described.delete(path));
    return known;
  };

  /** Whether the engine is there that answers for a recipe; asked anew whenever the rows are. */
  async function answeringOf(path: string, { answering }: DescribeResult): Promise<Pick<ListedRecipe, 'answering'>> {
    if (answering === 'local') return {};
    const { engines } = await engine.request('engines', { recipe: path });
    const found = engines.find(({ name }) => name === answering);
    return found ? { answering: found } : {};
  }

  async function listed(): Promise<ListedRecipe[]> {
    const paths = await recipe.recipes();
    await commands.executeCommand('setContext', 'multiLora.hasRecipes', paths.length > 0);
    if (paths.length === 0) return [];
    const { source } = await recipe.offer();
    return Promise.all(
      paths.map(async (path): Promise<ListedRecipe> => {
        const about = { path, shown: workspace.asRelativePath(path), isActive: path === source.recipe };
        return describe(path).then(
          async d => ({ ...about, described: d, ...(about.isActive && (await answeringOf(path, d))) }),
          error => ({ ...about, problem: errorText(error) }),
        );
      }),
    );
  }

  const recipes = createRowTree<Uri>(viewIds.recipes, messages, {
    load: async () => recipeRows(await listed()).map(row => ({ ...row, about: Uri.file(row.about) })),
    open: ({ about }) => ({ command: 'multiLora.recipe.open', argument: about }),
  });

  const expertTree = createRowTree(viewIds.experts, messages, {
    async load() {
      const { source, isExample = false, isBroken = false } = await recipe.offer();
      await commands.executeCommand('setContext', 'multiLora.hasBrokenRecipe', isBroken);
      if (!source.recipe) return [];
      await runs.found();
      // The offer is made once; sizes and hashes are those of now.
      const now = await describe(source.recipe);
      return expertRows({
        recipe: source.recipe,
        isExample,
        described: now,
        report: now.report ? await newestReport(now.report) : undefined,
        loaded: engine.loaded,
        runs: runs.of(Uri.file(source.recipe)),
      });
    },
  });

  const runTree = createRowTree<Run>(viewIds.runs, messages, {
    async load() {
      await runs.found();
      return runRows(runs.all(), Date.now(), run => canResume(run) && isLatest(run, runs));
    },
    open({ about }) {
      if (about.kind === 'train') return { command: 'multiLora.openTraining', argument: about.recipe };
      return about.result?.reportPath ? { command: 'multiLora.run.openReport', argument: about } : undefined;
    },
  });

  const baseTree = createRowTree(viewIds.bases, messages, {
    async load() {
      const [{ base }, { models, unusable, local }, recipesOfWorkspace] = await Promise.all([
        engine.request('describe', { base: 'embedded' }),
        engine.request('listModels', {}),
        listed(),
      ]);
      const users = recipesOfWorkspace.flatMap(({ described: d, shown, isActive }) =>
        d ? [{ name: shown, isActive, base: d.base }] : [],
      );
      return baseRows({ embedded: base, cached: models, local, unusable, recipes: users });
    },
  });

  const all: RowTree[] = [recipes, expertTree, runTree, baseTree];
  const refresh = () => {
    described = new Map();
    for (const tree of all) tree.refresh();
  };
  return {
    handlers: sidebarHandlers(sources, refresh, begin),
    dispose: Disposable.from(
      ...all,
      recipe.onDidChange(refresh),
      workspace.onDidGrantWorkspaceTrust(refresh),
      engine.onDidChangeLoaded(() => expertTree.refresh()),
      runs.onDidChange(() => runTree.refresh()),
      // A training's percentage stands beside its expert; what it wrote is there when it ends.
      onRunChange(
        runs,
        run => `${run.state} ${percentDone(run)}`,
        () => expertTree.refresh(),
      ),
      onRunChange(
        runs,
        run => run.state,
        () => {
          described = new Map();
          recipes.refresh();
        },
      ),
    ).dispose,
  };
}

/** Calls back when what matters of a run is not what it was. */
function onRunChange(runs: Runs, matter: (run: Run) => string, listener: () => void): Disposable {
  const known = new Map<string, string>();
  return runs.onDidChange(run => {
    const now = matter(run);
    if (known.get(run.id) === now) return;
    known.set(run.id, now);
    listener();
  });
}

/** Reads a report again when it was written again; undefined where there is none that can be read. */
function createReportReader(): (path: string) => Promise<Report | undefined> {
  let last: { path: string; written: number; report: Report | undefined } | undefined;
  return async path => {
    const written = await stat(path).then(
      info => info.mtimeMs,
      () => 0,
    );
    if (last?.path === path && last.written === written) return last.report;
    const { readReport } = await import('../report/readReport.ts');
    const report = written === 0 ? undefined : (await readReport(path).catch(() => undefined))?.report;
    last = { path, written, report };
    return report;
  };
}
