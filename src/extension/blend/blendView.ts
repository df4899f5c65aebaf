import { basename, dirname } from 'node:path';
import { Disposable, RelativePattern, Uri, type Webview, workspace } from 'vscode';
import { globs } from '../../experiment/paths.ts';
import type { ComparedMerge } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { mergeMethods } from '../../protocol/mergeMethod.ts';
import { blendApi } from '../../protocol/views/blend.ts';
import { base } from '../../text/target.ts';
import type { Runs } from '../runs/runs.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { decodingSettings } from '../services/settings.ts';
import { connectView } from '../webviews/connectView.ts';
import type { ViewContext } from '../webviews/webviewPanel.ts';
import { loadLab } from './loadLab.ts';
import { mergeBlend } from './mergeBlend.ts';
import { saveBlendInRecipe } from './saveBlendInRecipe.ts';

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
  const named = { name: 'blend' as const, title: 'Blend Lab', subject: recipe };
  const view = connectView(webview, context, named, blendApi, {
    async load() {
      if (!workspace.isTrusted)
        throw new WorkbenchError(
          'badRequest',
          'This workspace is not trusted, so its experts are not loaded.',
          'Trust it, and open the lab again.',
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
    async compareMerges(wanted, { signal, progress }) {
      const compared: ComparedMerge[] = [];
      // One by one, so that answers do not wait for all of them.
      for (const [done, method] of mergeMethods.entries()) {
        progress({ method, done, total: mergeMethods.length });
        const { methods } = await engine.request('compareMerges', { recipe, ...wanted, methods: [method] }, { signal });
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
