import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  Disposable,
  InputBoxValidationSeverity,
  l10n,
  RelativePattern,
  type TextDocument,
  Uri,
  type Webview,
  window,
  workspace,
} from 'vscode';
import { globs } from '../../experiment/paths.ts';
import type { ComparedMerge } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { fixedMethods, mergeMethods } from '../../protocol/mergeMethod.ts';
import type { Report } from '../../protocol/report.ts';
import { blendApi, type Lab } from '../../protocol/views/blend.ts';
import { saveBlend } from '../../recipe/edit.ts';
import { namePattern, nameRule, reservedNames } from '../../recipe/names.ts';
import { parseRecipe } from '../../recipe/parse.ts';
import { generationSettingsOf } from '../../recipe/settings.ts';
import { weightList } from '../../text/numbers.ts';
import { base } from '../../text/target.ts';
import { mergeBlend } from '../merge/mergeCommand.ts';
import { readReport } from '../report/readReport.ts';
import type { Runs } from '../runs/runs.ts';
import { editDocument } from '../services/editDocument.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { decodingSettings } from '../services/settings.ts';
import { connectView } from '../webviews/connectView.ts';
import type { ViewContext } from '../webviews/webviewPanel.ts';
import { findWeights } from './findWeights.ts';
import { labOf } from './labOf.ts';

export interface BlendView extends Disposable {
  /** Shows a blend of the recipe in the first pane. */
  show(blend: string): void;
}

interface BlendViewOptions {
  recipe: string;
  /** The blend that it opens with. */
  opened: string | undefined;
  context: ViewContext;
  engine: HostEngine;
  runs: Runs;
}

/** Milliseconds for all files of a training to be written. */
const settling = 300;

/** Puts a recipe's blend lab into a webview. */
export function connectBlendView(webview: Webview, options: BlendViewOptions): BlendView {
  const { recipe, context, engine, runs } = options;
  let { opened } = options;
  const named = { name: 'blend' as const, title: l10n.t('Blend Lab'), subject: recipe };
  const view = connectView(webview, context, named, blendApi, {
    async load() {
      if (!workspace.isTrusted)
        throw new WorkbenchError(
          'badRequest',
          l10n.t('This workspace is not trusted, so its experts are not loaded.'),
          l10n.t('Trust it, and open the lab again.'),
        );
      const lab = await loadLab(engine, runs, recipe, opened);
      opened = undefined;
      return lab;
    },
    async route({ prompt }, { signal }) {
      const [route] = await engine.request('route', { recipe, prompts: [prompt] }, { signal });
      return route!;
    },
    async ask({ prompt, weights, decoding }, { signal, progress }) {
      const target = Object.keys(weights).length > 0 ? ({ kind: 'weights', weights } as const) : base;
      const answer = await engine.request(
        'ask',
        { recipe, prompt, target, settings: { ...decodingSettings(), ...decoding } },
        {
          signal,
          onProgress(told) {
            if (told.kind === 'text') progress({ text: told.text });
          },
        },
      );
      return { ...answer, ...answer.timings };
    },
    explain: (wanted, { signal }) => engine.request('explainTokens', { recipe, ...wanted }, { signal }),
    findWeights: async (_, call) => ({ found: await findWeights(engine, recipe, call) }),
    async compareMerges({ fitted, ...wanted }, { signal, progress }) {
      const compared: ComparedMerge[] = [];
      const all = fitted ? mergeMethods : fixedMethods;
      // One by one, so that answers do not wait for all of them.
      for (const [done, method] of all.entries()) {
        const at = { method, done, total: all.length };
        progress(at);
        const { methods } = await engine.request(
          'compareMerges',
          { recipe, ...wanted, methods: [method] },
          {
            signal,
            onProgress(work) {
              if (work.message !== method) progress({ ...at, work });
            },
          },
        );
        compared.push(...methods);
      }
      return { methods: compared };
    },
    saveBlend: async ({ weights }) => ({ name: await saveBlendInRecipe(Uri.file(recipe), weights) }),
    merge: async wanted => ({ path: await mergeBlend(engine, recipe, wanted) }),
  });
  const watching = watchFiles(recipe, () => view.notify('changed', undefined));
  return {
    show(blend) {
      opened = blend;
      // A page that is hidden loads when it is shown.
      view.notify('changed', undefined);
    },
    dispose() {
      watching.dispose();
      view.dispose();
    },
  };
}

/** Calls back when the recipe, adapters beside it or its report have changed. */
function watchFiles(recipe: string, listener: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(listener, settling);
  };
  const watchers = [basename(recipe), globs.factorsAndReports].map(glob => {
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(Uri.file(dirname(recipe)), glob));
    watcher.onDidCreate(later);
    watcher.onDidChange(later);
    watcher.onDidDelete(later);
    return watcher;
  });
  return Disposable.from(...watchers, new Disposable(() => clearTimeout(timer)));
}

/** What a recipe's lab shows, from the recipe and its last report. Throws `badRecipe`. */
async function loadLab(engine: HostEngine, runs: Runs, path: string, opened: string | undefined): Promise<Lab> {
  const described = await engine.request('describe', { recipe: path });
  const { recipe } = parseRecipe(await readFile(path, 'utf8'));
  if (!recipe)
    throw new WorkbenchError(
      'badRecipe',
      l10n.t('{0} has problems.', path),
      l10n.t('Open it: the problems are marked in its text.'),
    );
  return {
    ...labOf(described, recipe, await lastReport(runs, path)),
    recipe: workspace.asRelativePath(path),
    decoding: { ...generationSettingsOf(recipe), ...decodingSettings() },
    opened,
  };
}

/** The report of the recipe's last evaluation; undefined where there is none that can be read. */
async function lastReport(runs: Runs, path: string): Promise<Report | undefined> {
  await runs.found();
  const reportPath = runs.of(Uri.file(path)).find(run => run.result?.reportPath)?.result?.reportPath;
  // Without its scores the lab does all else: whoever opens the report is told what is wrong with it.
  const opened = reportPath && (await readReport(reportPath).catch(() => undefined));
  return opened ? opened.report : undefined;
}

/** Asks for a name and writes the blend into the recipe, as one edit that can be undone; undefined where that was cancelled. */
async function saveBlendInRecipe(recipe: Uri, weights: Record<string, number>): Promise<string | undefined> {
  const document = await workspace.openTextDocument(recipe);
  const { blends } = readable(document);
  const name = await window.showInputBox({
    title: l10n.t('Save {0} as a Blend', weightList(weights) || 'the base alone'),
    prompt: l10n.t('Name of the blend in the recipe'),
    validateInput(value) {
      if (!namePattern.test(value)) return nameRule;
      if (reservedNames.includes(value)) return l10n.t('“{0}” has another meaning; choose another name.', value);
      const message = l10n.t('Replaces {0}.', weightList(blends[value] ?? {}));
      return Object.hasOwn(blends, value) ? { message, severity: InputBoxValidationSeverity.Warning } : undefined;
    },
  });
  if (!name) return undefined;
  readable(document);
  await editDocument(document, saveBlend(document.getText(), name, weights));
  return name;
}

function readable(document: TextDocument) {
  const { recipe } = parseRecipe(document.getText());
  if (recipe) return recipe;
  throw new WorkbenchError(
    'badRecipe',
    l10n.t('{0} has problems, so the blend cannot be written into it.', workspace.asRelativePath(document.uri)),
    l10n.t('Open it: the problems are marked in its text.'),
  );
}
