import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Router } from '../core/router/router.ts';
import { WorkbenchError } from '../shared/errors.ts';
import type { Recipe } from '../shared/recipe.ts';
import { readAdapter } from './adapterFiles.ts';
import { defaultCacheFolder } from './devices/cacheFolder.ts';
import { type Devices, onlyCpu } from './devices/devices.ts';
import { adapterFolder, type Experiment, openExperiment, trainedExperts } from './experiment.ts';
import { type BaseText, loadBase } from './loadBase.ts';
import { type Model, openModel } from './model.ts';
import { openBase, type QuantizeWatch } from './quantizedBase.ts';
import { openPriorRouter, openRouter } from './routing.ts';

/** A recipe ready to be asked: its base compiled, its trained experts and merges in the bank. */
export interface OpenExperiment {
  experiment: Experiment;
  model: Model;
  /** Experts and merges in the bank. */
  loaded: string[];
  router(): Promise<Router>;
}

/** What this process keeps between requests: one compiled base and what was last loaded into its bank. */
export interface Workbench {
  mediaFolder: string;
  threads: number;
  devices: Devices;
  /** What can be found out or made anew. */
  cacheFolder: string;
  open(recipePath: string, watch?: QuantizeWatch): Promise<OpenExperiment>;
  model(baseFolder: string, quantization?: Recipe['quantization'], watch?: QuantizeWatch): Promise<Model>;
  /** A base's tokenizer and chat template; nothing is compiled. */
  text(baseFolder: string): Promise<BaseText>;
  /** The router of a recipe; without one the shipped prior. */
  router(experiment?: Experiment): Promise<Router>;
  dispose(): Promise<void>;
}

export function createWorkbench(
  mediaFolder: string,
  threads: number,
  devices = onlyCpu,
  cacheFolder = defaultCacheFolder(),
): Workbench {
  let current: { folder: string; quantization: Recipe['quantization']; model: Model } | undefined;
  /** Bank entry → adapter folder and when its factors were written. */
  let loaded = new Map<string, string>();
  let lastText: { folder: string; text: BaseText } | undefined;
  const routers = new Map<string, { stamp: string; router: Promise<Router> }>();

  const model: Workbench['model'] = async (folder, quantization = 'none', watch) => {
    if (current?.folder === folder && current.quantization === quantization) return current.model;
    const base = await openBase(folder, quantization, cacheFolder, watch);
    await current?.model.dispose();
    loaded = new Map();
    current = { folder, quantization, model: await openModel(base, threads, await devices.use()) };
    return current.model;
  };

  const text = async (folder: string): Promise<BaseText> => {
    if (current?.folder === folder) return current.model.base.text();
    if (lastText?.folder !== folder) lastText = { folder, text: (await loadBase(folder)).text() };
    return lastText.text;
  };

  const router = async (experiment?: Experiment): Promise<Router> => {
    const key = experiment?.path ?? '';
    const stamp = experiment ? await routerStamp(experiment) : '';
    const known = routers.get(key);
    if (known?.stamp === stamp) return known.router;
    const opened = experiment ? openRouter(experiment, mediaFolder) : openPriorRouter(mediaFolder);
    routers.set(key, { stamp, router: opened });
    // A router that could not be opened is tried again at the next request.
    opened.catch(() => routers.delete(key));
    return opened;
  };

  return {
    mediaFolder,
    threads,
    devices,
    cacheFolder,
    model,
    text,
    router,

    async open(recipePath, watch) {
      const experiment = await openExperiment(recipePath, mediaFolder);
      const compiled = await model(experiment.baseFolder, experiment.recipe.quantization, watch);
      const wanted = new Map<string, string>();
      for (const name of await trainedExperts(experiment)) wanted.set(name, adapterFolder(experiment, name));
      for (const name of Object.keys(experiment.recipe.merges)) {
        const folder = mergeFolder(experiment, name);
        if (await changed(folder)) wanted.set(name, folder);
      }
      const stamps = new Map<string, string>();
      for (const [name, folder] of wanted) stamps.set(name, `${folder} ${await changed(folder)}`);
      for (const name of compiled.bank.names()) if (!stamps.has(name)) compiled.bank.unload(name);
      for (const [name, stamp] of stamps)
        if (loaded.get(name) !== stamp || !compiled.bank.names().includes(name))
          compiled.bank.load(await readAdapter(wanted.get(name)!, name));
      loaded = stamps;
      return {
        experiment,
        model: compiled,
        loaded: [...wanted.keys()],
        router: () => router(experiment),
      };
    },

    async dispose() {
      await current?.model.dispose();
      current = undefined;
    },
  };
}

/** Where a named merge lies. */
export function mergeFolder(e: Experiment, name: string): string {
  const named = e.recipe.merges[name]?.out;
  return named ? resolve(e.folder, named) : join(e.runFolder, 'merges', name);
}

/** What a recipe's router is made of, and when its data was last written. */
async function routerStamp({ recipe, folder }: Experiment): Promise<string> {
  const files = Object.values(recipe.experts).flatMap(x => (x.data ? [resolve(folder, x.data.train)] : []));
  const times = await Promise.all(
    files.map(file =>
      stat(file).then(
        s => s.mtimeMs,
        () => 0,
      ),
    ),
  );
  return JSON.stringify([recipe.experts, recipe.router, times]);
}

/** When a folder's factors were last written; undefined when there are none. */
async function changed(folder: string): Promise<number | undefined> {
  return stat(join(folder, 'adapter_model.safetensors')).then(
    s => s.mtimeMs,
    () => undefined,
  );
}

/** Throws `notFound` for an expert that a recipe names but that is not in the bank. */
export function checkLoaded(open: OpenExperiment, names: string[]): void {
  for (const name of names) {
    if (open.loaded.includes(name)) continue;
    const { recipe, path } = open.experiment;
    if (Object.hasOwn(recipe.experts, name))
      throw new WorkbenchError(
        'notFound',
        `expert '${name}' has no adapter yet`,
        `Run: multi-lora train ${path} --only ${name}`,
      );
    if (Object.hasOwn(recipe.merges, name))
      throw new WorkbenchError(
        'notFound',
        `merge '${name}' has not been made yet`,
        `Run: multi-lora merge ${path} ${name}`,
      );
    throw new WorkbenchError(
      'notFound',
      `no expert is called '${name}'`,
      `There are: ${Object.keys(recipe.experts).join(', ')}.`,
    );
  }
}
