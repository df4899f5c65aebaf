import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import { adapterStamp, readAdapter } from '../../experiment/adapterFiles.ts';
import { type BaseText, baseStamp, loadBase } from '../../experiment/base.ts';
import { baseFolder } from '../../experiment/baseFolder.ts';
import { defaultCacheFolder } from '../../experiment/cacheFolder.ts';
import {
  adapterFolder,
  type Experiment,
  experimentOfBase,
  mergeFolder,
  openExperiment,
  withAdapters,
} from '../../experiment/experiment.ts';
import { findData } from '../../experiment/hubDatasets.ts';
import { settle } from '../../experiment/removeStaleFiles.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import type { Loaded } from '../../protocol/engine/experts.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Recipe } from '../../recipe/schema.ts';
import type { Router } from '../../router/router.ts';
import type { Devices } from '../devices/devices.ts';
import { lazyDevices } from '../devices/lazyDevices.ts';
import type { Model } from '../runtime/model.ts';
import { openPriorRouter, openRouter } from './routing.ts';

/** Who can be asked of a recipe, whatever engine answers. */
export interface OpenExperts {
  experiment: Experiment;
  /** Experts that are trained and merges that are made, as they were when this was first asked. */
  available(): Promise<string[]>;
  /**
   * Makes experts and merges ready to be asked, as they are on disk; in a full bank what was used longest ago gives way, and
   * nothing that was loaded by this. Throws `notFound` for what is not trained or made.
   */
  load(names: string[]): Promise<void>;
  router(): Promise<Router>;
}

/** A recipe ready to be asked here: its base compiled, with what is in the bank as it is on disk. */
export interface OpenExperiment extends OpenExperts {
  model: Model;
}

/** What is opened: a recipe, or a base alone, each with further adapters. */
export interface OpenSource {
  recipe?: string | undefined;
  base?: string | undefined;
  adapters?: Record<string, string> | undefined;
}

/** A compiled base, and what is open over it: nothing over a base alone, which leaves the bank as it is. */
interface Opened {
  model: Model;
  open?: OpenExperiment;
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
  open(recipePath: string, watch?: WorkWatch): Promise<OpenExperiment>;
  /** A recipe for an engine elsewhere: nothing is compiled, and nothing loaded. `adapters` are beside its experts. */
  openExperts(recipePath: string, adapters?: Record<string, string>): Promise<OpenExperts>;
  /**
   * Opens what a request names. Beside work that goes on with bank entries in use, the model stays open and none of them is
   * taken out or read anew: undefined where that cannot be.
   */
  openSource(source: OpenSource, watch?: WorkWatch, inUse?: ReadonlySet<string>): Promise<Opened | undefined>;
  /** Says something to the user, once. */
  tell(note: string): void;
  /** Takes adapters out of the bank, by their folders; the next request that needs one puts it back. */
  unload(folders: string[]): void;
  /** What is in memory. */
  loaded(): Loaded;
  /** A base, compiled; where it is not `isAlone`, for experts that will be run at once. */
  model(
    baseFolder: string,
    quantization?: Recipe['quantization'],
    watch?: WorkWatch,
    isAlone?: () => Promise<boolean>,
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
  /** Bytes of factors that the bank keeps beyond those that are needed; an eighth of the memory without it. */
  bankLimit?: number;
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
  bankLimit = (memoryLimit ?? totalmem()) / 8,
  warn = console.warn,
  tellLoaded = () => {},
}: WorkbenchOptions): Workbench {
  /** `stamp` is that of the base's files when they were read: what is written to them since is read anew. */
  let current: { folder: string; stamp: string; quantization: Recipe['quantization']; model: Model } | undefined;
  /** Bank entry → where it lies, and what it was when it was read. */
  let inBank = new Map<string, AdapterVersion>();
  /** What was opened last: with a thousand experts, reading a recipe takes longer than answering. */
  let lastOpened: { key: string; experiment: Experiment; routed: Experiment } | undefined;
  let lastText: { folder: string; stamp: string; text: BaseText } | undefined;
  const told = new Set<string>();
  const routers = new Map<string, { stamp: string; router: Promise<Router> }>();

  const isCurrent = (folder: string, stamp: string) => current?.folder === folder && current.stamp === stamp;

  /** The open model, if it is this one. */
  const currentModel = async (folder: string, quantization: Recipe['quantization']) =>
    isCurrent(folder, await baseStamp(folder)) && current!.quantization === quantization ? current!.model : undefined;

  const tell = (note: string) => {
    if (told.has(note)) return;
    told.add(note);
    warn(note);
  };

  const model: Workbench['model'] = async (folder, quantization = 'auto', watch, isAlone = async () => true) => {
    const stamp = await baseStamp(folder);
    if (isCurrent(folder, stamp) && current!.quantization === quantization) return current!.model;
    // The runtime is loaded with the first model.
    const { openAnsweringBase } = await import('./answeringBase.ts');
    const { openModel } = await import('../runtime/openModel.ts');
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
    current = { folder, stamp, quantization, model: await openModel(base, threads, use, await isAlone()) };
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
    const stamp = experiment ? routerStamp(experiment) : '';
    const known = routers.get(key);
    if (known?.stamp === stamp) return known.router;
    const opened = experiment ? openRouter(experiment, mediaFolder) : openPriorRouter(mediaFolder);
    routers.set(key, { stamp, router: opened });
    // A router that could not be opened is tried again at the next request.
    opened.catch(() => routers.delete(key));
    return opened;
  };

  /** The experiment that a source stands for, and the one among whose experts prompts are routed. */
  const experimentAt = async ({ recipe, base = 'embedded', adapters = {} }: OpenSource) => {
    const key = JSON.stringify([recipe && (await fileStamp(recipe)), recipe, base, adapters]);
    if (lastOpened?.key === key) return lastOpened;
    const routed = recipe ? await openExperiment(recipe, mediaFolder) : experimentOfBase(base, mediaFolder, adapters);
    const experiment = recipe && Object.keys(adapters).length > 0 ? withAdapters(routed, adapters) : routed;
    lastOpened = { key, experiment, routed };
    return lastOpened;
  };

  /** Takes what was used longest ago out of the bank, until there is room for an adapter. */
  const makeRoom = ({ bank }: Model, needed: number, kept: ReadonlySet<string>) => {
    for (const name of bank.idle()) {
      if (bank.bytes() + needed <= bankLimit) break;
      if (kept.has(name)) continue;
      bank.unload(name);
      inBank.delete(name);
    }
  };

  /** Undefined where it does not go with the bank entries that are in use. */
  const open = async (
    source: OpenSource,
    watch?: WorkWatch,
    inUse?: ReadonlySet<string>,
  ): Promise<OpenExperiment | undefined> => {
    const { experiment, routed } = await experimentAt(source);
    const {
      baseFolder: folder,
      recipe: { quantization },
    } = experiment;
    const available = availableOnce(experiment);
    const isAlone = async () => (await available()).length === 0;
    const compiled = inUse
      ? await currentModel(folder, quantization)
      : await model(folder, quantization, watch, isAlone);
    if (!compiled) return undefined;
    for (const name of inUse ?? []) {
      const version = inBank.get(name);
      if (version && !isSame(version, await versionOf(experiment, name))) return undefined;
    }
    // What another recipe put there.
    takeOut((name, { folder }) => folderOf(experiment, name) !== folder);
    const needed = new Set<string>();
    return {
      experiment,
      model: compiled,
      available,
      async load(names) {
        const versions = new Map<string, AdapterVersion>();
        for (const name of names) {
          const version = await versionOf(experiment, name);
          if (!version) {
            // What is gone from the disk does not stay.
            takeOut(entry => entry === name);
            throw missing(experiment, name);
          }
          versions.set(name, version);
        }
        let isOther = false;
        for (const [name, version] of versions) {
          needed.add(name);
          if (isSame(version, inBank.get(name))) continue;
          const adapter = await readAdapter(version.folder, name, tell);
          makeRoom(compiled, compiled.bank.bytesOf(adapter), needed);
          await compiled.load(adapter);
          inBank.set(name, version);
          isOther = true;
        }
        if (isOther) tellLoaded(loaded());
      },
      router: () => router(routed),
    };
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

    open: async (recipe, watch) => (await open({ recipe }, watch))!,

    async openExperts(recipe, adapters) {
      const { experiment, routed } = await experimentAt({ recipe, adapters });
      return {
        experiment,
        available: availableOnce(experiment),
        load: names => checkAvailable({ experiment }, names),
        router: () => router(routed),
      };
    },

    async openSource(source, watch, inUse) {
      if (source.recipe || Object.keys(source.adapters ?? {}).length > 0) {
        const opened = await open(source, watch, inUse);
        return opened && { model: opened.model, open: opened };
      }
      const folder = baseFolder(source.base ?? 'embedded', '', mediaFolder);
      const alone = inUse ? await currentModel(folder, 'auto') : await model(folder);
      return alone && { model: alone };
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

/** Where the adapter of an expert or of a merge lies; undefined for a name that is neither's. */
function folderOf(e: Experiment, name: string): string | undefined {
  if (Object.hasOwn(e.recipe.experts, name)) return adapterFolder(e, name);
  return Object.hasOwn(e.recipe.merges, name) ? mergeFolder(e, name) : undefined;
}

/** Undefined for what is not trained or made. */
async function versionOf(e: Experiment, name: string): Promise<AdapterVersion | undefined> {
  const folder = folderOf(e, name);
  if (folder === undefined) return undefined;
  // One that a process was just replacing when it was killed would count as not trained.
  const stamp = (await adapterStamp(folder)) ?? (await settle(folder).then(() => adapterStamp(folder)));
  return stamp === undefined ? undefined : { folder, stamp };
}

/** The experts of a recipe that are trained, and its merges that are made. */
async function availableIn(e: Experiment): Promise<string[]> {
  const available: string[] = [];
  for (const name of [...Object.keys(e.recipe.experts), ...Object.keys(e.recipe.merges)])
    if (await versionOf(e, name)) available.push(name);
  return available;
}

/** As they are when it is first asked. */
function availableOnce(e: Experiment): () => Promise<string[]> {
  let found: Promise<string[]> | undefined;
  return () => (found ??= availableIn(e));
}

/** What changes when a file is written. */
async function fileStamp(path: string): Promise<string> {
  const { size, mtimeNs, ctimeNs } = await stat(path, { bigint: true }).catch(() => ({}) as Partial<BigIntStats>);
  return [size, mtimeNs, ctimeNs].join(' ');
}

/**
 * What a recipe's router is made of, and when its data was last written. At once, because it is looked at with each prompt:
 * a thousand files take two milliseconds, and thirty when each is waited for.
 */
function routerStamp({ recipe, folder }: Experiment): string {
  const timeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  const times = Object.values(recipe.experts).map(({ data }) => {
    if (!data) return undefined;
    return timeOf(resolve(folder, data.train)) ?? findData(folder, data.train).files.map(file => timeOf(file));
  });
  return JSON.stringify([recipe.experts, recipe.router, times]);
}

/** Throws `notFound` for what a recipe names but that is not trained or made, and for what it does not name. */
export async function checkAvailable({ experiment }: Pick<OpenExperts, 'experiment'>, names: string[]): Promise<void> {
  for (const name of names) if (!(await versionOf(experiment, name))) throw missing(experiment, name);
}

function missing(experiment: Experiment, name: string): WorkbenchError {
  const { recipe, path } = experiment;
  if (recipe.experts[name]?.adapter !== undefined)
    return new WorkbenchError(
      'notFound',
      `expert '${name}' names an adapter that is not there: ${adapterFolder(experiment, name)} holds no adapter_config.json`,
      'An adapter is a folder with adapter_config.json and adapter_model.safetensors, as PEFT saves it.',
    );
  if (Object.hasOwn(recipe.experts, name))
    return new WorkbenchError(
      'notFound',
      `expert '${name}' has no adapter yet`,
      `Run: multi-lora train ${path} --only ${name}`,
    );
  if (Object.hasOwn(recipe.merges, name))
    return new WorkbenchError(
      'notFound',
      `merge '${name}' has not been made yet`,
      `Run: multi-lora merge ${path} ${name}`,
    );
  return new WorkbenchError(
    'notFound',
    `no expert is called '${name}'`,
    `There are: ${Object.keys(recipe.experts).join(', ')}.`,
  );
}
