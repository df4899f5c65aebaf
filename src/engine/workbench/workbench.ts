import { stat } from 'node:fs/promises';
import { adapterStamp, readAdapter } from '../../experiment/adapterFiles.ts';
import { type BaseText, baseStamp, loadBase } from '../../experiment/base.ts';
import { defaultCacheFolder } from '../../experiment/cacheFolder.ts';
import {
  adapterFolder,
  type Experiment,
  experimentOfBase,
  mergeFolder,
  openExperiment,
  trainedExperts,
  withAdapters,
} from '../../experiment/experiment.ts';
import { findData } from '../../experiment/hubDatasets.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import type { Loaded } from '../../protocol/engine/experts.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Recipe } from '../../recipe/schema.ts';
import type { Router } from '../../router/router.ts';
import type { Devices } from '../devices/devices.ts';
import { lazyDevices } from '../devices/lazyDevices.ts';
import type { Model } from '../runtime/model.ts';
import { openAnsweringBase } from './answeringBase.ts';
import { openPriorRouter, openRouter } from './routing.ts';

/** A recipe ready to be asked: its base compiled, with what is in the bank as it is on disk. */
export interface OpenExperiment {
  experiment: Experiment;
  model: Model;
  /** Experts that are trained and merges that are made. */
  available: string[];
  /** Puts experts and merges into the bank, unless they are there. Throws `notFound` for what is not trained or made. */
  load(names: string[]): Promise<void>;
  router(): Promise<Router>;
}

/** What is opened: a recipe, or a base alone, each with further adapters. */
export interface OpenSource {
  recipe?: string | undefined;
  base?: string | undefined;
  adapters?: Record<string, string> | undefined;
}

/** What this process keeps between requests: one compiled base, and in its bank the experts that were needed since. */
export interface Workbench {
  mediaFolder: string;
  threads: number;
  devices: Devices;
  /** What can be found out or made anew. */
  cacheFolder: string;
  /** Bytes that this process may take, where the user limits them. */
  memoryLimit: number | undefined;
  /** Opens a recipe; `adapters` are further ones beside its experts, by name with their folders. */
  open(recipePath: string, watch?: WorkWatch, adapters?: Record<string, string>): Promise<OpenExperiment>;
  /** As `open`, for a base without a recipe, with adapters that are its experts. */
  openBase(base: string, adapters: Record<string, string>, watch?: WorkWatch): Promise<OpenExperiment>;
  /**
   * Whether a source can be opened beside what is computed with these bank entries: on the open model, which stays as it is,
   * and none of them is taken out or read anew.
   */
  opensBeside(source: OpenSource, inUse: ReadonlySet<string>): Promise<boolean>;
  /** Says something to the user, once. */
  tell(note: string): void;
  /** Takes adapters out of the bank, by their folders; the next request that needs one puts it back. */
  unload(folders: string[]): void;
  /** What is in memory. */
  loaded(): Loaded;
  /** A base, compiled; unless it `isAlone`, for experts that will be run at once. */
  model(
    baseFolder: string,
    quantization?: Recipe['quantization'],
    watch?: WorkWatch,
    isAlone?: boolean,
  ): Promise<Model>;
  /** A base's tokenizer and chat template; nothing is compiled. */
  text(baseFolder: string): Promise<BaseText>;
  /** The router of a recipe; without one the shipped prior. */
  router(experiment?: Experiment): Promise<Router>;
  dispose(): Promise<void>;
}

export interface WorkbenchOptions {
  mediaFolder: string;
  threads: number;
  /** The CPU without it. */
  devices?: Devices;
  cacheFolder?: string;
  memoryLimit?: number;
  /** Of what is done otherwise than one may think; once for each text. */
  warn?(note: string): void;
  /** Called when what is in memory is not what it was. */
  tellLoaded?(loaded: Loaded): void;
}

export function createWorkbench({
  mediaFolder,
  threads,
  cacheFolder = defaultCacheFolder(),
  devices = lazyDevices({ choice: 'cpu', cacheFolder, threads, warn: console.warn, note() {} }),
  memoryLimit,
  warn = console.warn,
  tellLoaded = () => {},
}: WorkbenchOptions): Workbench {
  /** `stamp` is that of the base's files when they were read: what is written to them since is read anew. */
  let current: { folder: string; stamp: string; quantization: Recipe['quantization']; model: Model } | undefined;
  /** Bank entry → where it lies, and what it was when it was read. */
  let inBank = new Map<string, AdapterVersion>();
  let lastText: { folder: string; stamp: string; text: BaseText } | undefined;
  const told = new Set<string>();
  const routers = new Map<string, { stamp: string; router: Promise<Router> }>();

  const isCurrent = (folder: string, stamp: string) => current?.folder === folder && current.stamp === stamp;

  const tell = (note: string) => {
    if (told.has(note)) return;
    told.add(note);
    warn(note);
  };

  const model: Workbench['model'] = async (folder, quantization = 'auto', watch, isAlone = true) => {
    const stamp = await baseStamp(folder);
    if (isCurrent(folder, stamp) && current!.quantization === quantization) return current!.model;
    const use = await devices.use();
    const base = await openAnsweringBase(folder, quantization, {
      device: use.device,
      cacheFolder,
      threads,
      tell,
      ...watch,
    });
    await current?.model.dispose();
    current = undefined;
    inBank = new Map();
    // The runtime is loaded with the first model.
    const { openModel } = await import('../runtime/openModel.ts');
    current = { folder, stamp, quantization, model: await openModel(base, threads, use, isAlone) };
    tellLoaded(loaded());
    return current.model;
  };

  const loaded = (): Loaded => ({
    base: current && {
      folder: current.folder,
      quantization: current.model.base.quantization ?? (current.model.base.answersInInt8 ? 'int8' : 'none'),
      device: current.model.device,
    },
    adapters: [...inBank].map(([name, { folder }]) => ({ name, folder })),
    bytes: current?.model.bank.bytes() ?? 0,
  });

  const takeOut = (isMeant: (name: string, version: AdapterVersion) => boolean) => {
    const out = [...inBank].filter(([name, version]) => isMeant(name, version)).map(([name]) => name);
    for (const name of out) {
      current?.model.bank.unload(name);
      inBank.delete(name);
    }
    if (out.length > 0) tellLoaded(loaded());
  };

  const text = async (folder: string): Promise<BaseText> => {
    const stamp = await baseStamp(folder);
    if (isCurrent(folder, stamp)) return current!.model.base.text();
    if (lastText?.folder !== folder || lastText.stamp !== stamp)
      lastText = { folder, stamp, text: (await loadBase(folder, { cacheFolder })).text() };
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

  /** `routed` has the experts among which prompts are routed. */
  const openOver = async (experiment: Experiment, routed: Experiment, watch?: WorkWatch): Promise<OpenExperiment> => {
    const versions = await versionsOf(experiment);
    const { baseFolder, recipe } = experiment;
    const compiled = await model(baseFolder, recipe.quantization, watch, versions.size === 0);
    // What another recipe put there, what is gone, and what was written anew since.
    takeOut((name, version) => !isSame(version, versions.get(name)));
    const open: OpenExperiment = {
      experiment,
      model: compiled,
      available: [...versions.keys()],
      async load(names) {
        checkAvailable(open, names);
        const missing = names.filter(name => !inBank.has(name));
        for (const name of missing) {
          const version = versions.get(name)!;
          await compiled.load(await readAdapter(version.folder, name, tell));
          inBank.set(name, version);
        }
        if (missing.length > 0) tellLoaded(loaded());
      },
      router: () => router(routed),
    };
    return open;
  };

  return {
    mediaFolder,
    threads,
    devices,
    cacheFolder,
    memoryLimit,
    model,
    text,
    router,
    tell,

    async open(recipePath, watch, adapters = {}) {
      const experiment = await openExperiment(recipePath, mediaFolder);
      return openOver(withAdapters(experiment, adapters), experiment, watch);
    },

    openBase(base, adapters, watch) {
      const experiment = experimentOfBase(base, mediaFolder, adapters);
      return openOver(experiment, experiment, watch);
    },

    async opensBeside({ recipe, base = 'embedded', adapters = {} }, inUse) {
      const experiment = recipe
        ? withAdapters(await openExperiment(recipe, mediaFolder), adapters)
        : experimentOfBase(base, mediaFolder, adapters);
      const folder = experiment.baseFolder;
      if (!isCurrent(folder, await baseStamp(folder))) return false;
      if (current!.quantization !== experiment.recipe.quantization) return false;
      // A base alone leaves the bank as it is.
      if (!recipe && Object.keys(adapters).length === 0) return true;
      const versions = await versionsOf(experiment);
      return [...inBank].every(([name, version]) => !inUse.has(name) || isSame(version, versions.get(name)));
    },

    unload: folders => takeOut((_, { folder }) => folders.includes(folder)),
    loaded,

    async dispose() {
      await current?.model.dispose();
      current = undefined;
    },
  };
}

/** An adapter on disk. */
interface AdapterVersion {
  folder: string;
  /** Another one where its factors or its configuration were written since. */
  stamp: string;
}

function isSame(version: AdapterVersion, other: AdapterVersion | undefined): boolean {
  return other?.folder === version.folder && other.stamp === version.stamp;
}

/** The experts of a recipe that are trained, and its merges that are made. */
async function versionsOf(e: Experiment): Promise<Map<string, AdapterVersion>> {
  const folders = [
    ...(await trainedExperts(e)).map(name => [name, adapterFolder(e, name)] as const),
    ...Object.keys(e.recipe.merges).map(name => [name, mergeFolder(e, name)] as const),
  ];
  const versions = new Map<string, AdapterVersion>();
  for (const [name, folder] of folders) {
    const stamp = await adapterStamp(folder);
    if (stamp !== undefined) versions.set(name, { folder, stamp });
  }
  return versions;
}

/** What a recipe's router is made of, and when its data was last written. */
async function routerStamp({ recipe, folder }: Experiment): Promise<string> {
  const files = Object.values(recipe.experts).flatMap(x => (x.data ? findData(folder, x.data.train).files : []));
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

/** Throws `notFound` for what a recipe names but that is not trained or made, and for what it does not name. */
export function checkAvailable({ available, experiment }: OpenExperiment, names: string[]): void {
  for (const name of names) {
    if (available.includes(name)) continue;
    const { recipe, path } = experiment;
    if (recipe.experts[name]?.adapter !== undefined)
      throw new WorkbenchError(
        'notFound',
        `expert '${name}' names an adapter that is not there: ${adapterFolder(experiment, name)} holds no adapter_config.json`,
        'An adapter is a folder with adapter_config.json and adapter_model.safetensors, as PEFT saves it.',
      );
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
