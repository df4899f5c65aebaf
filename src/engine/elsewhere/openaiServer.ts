import * as z from 'zod/mini';
import type { Experiment } from '../../experiment/experiment.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RemoteEngine as EngineSettings } from '../../recipe/schema.ts';
import { listing } from '../../text/numbers.ts';
import type { EngineServer } from './engineServer.ts';
import { isBlendName, isVersionOf, placePeft } from './placedAdapters.ts';
import type { RemoteEngine } from './remoteEngine.ts';
import { noSuchServer } from './serverErrors.ts';

type Settings = Extract<EngineSettings, { kind: 'openai' }>;

/** Blends that the server keeps: those before them are unloaded. */
const keptThere = 8;

/** Milliseconds in which a server has to load an adapter. */
const longestLoading = 600_000;

const models = z.object({ data: z.array(z.object({ id: z.string(), parent: z.optional(z.nullable(z.string())) })) });

/** What was loaded into each server, by its address: the adapters, and what the server calls their models. */
const loadedThere = new Map<string, Map<string, Promise<string>>>();

/**
 * A server of the OpenAI API. An expert is a model there: an adapter that vLLM or SGLang loads from a folder on request, or
 * one that it has already. So is a blend: the exact sum, as one adapter.
 */
export function openaiServer(
  experiment: Experiment,
  { url, model, folder, experts }: Settings,
  server: EngineServer,
): Pick<RemoteEngine, 'whoAnswers' | 'hasForgotten' | 'look'> {
  const loaded = loadedThere.get(url) ?? new Map<string, Promise<string>>();
  loadedThere.set(url, loaded);

  const listed = async (signal: AbortSignal) => {
    const parsed = models.safeParse(await server.get(`${server.root}/v1/models`, signal));
    if (parsed.success) return parsed.data.data;
    throw noSuchServer(server, 'lists no models as the API does');
  };
  const base = async (signal: AbortSignal): Promise<string> => {
    if (model !== undefined) return model;
    const all = await listed(signal);
    // Whose adapter another model is.
    const found = all.find(each => each.parent)?.parent ?? all[0]?.id;
    if (found !== undefined) return found;
    throw new WorkbenchError(
      'notFound',
      `the engine '${server.name}' has no model`,
      `Name it as 'model' of the engine.`,
    );
  };

  /** vLLM's endpoint, or SGLang's, which has models called BASE:ADAPTER. */
  const load = async (name: string, path: string, signal: AbortSignal): Promise<string> => {
    const body = { lora_name: name, lora_path: path };
    const tryAt = (address: string) =>
      server.post(address, body, signal).then(
        () => true,
        error => {
          if (error instanceof WorkbenchError && /already/i.test(error.message)) return true;
          if (error instanceof WorkbenchError && error.code === 'notFound') return false;
          throw loadError(server.name, name, path, error);
        },
      );
    if (await tryAt(`${server.root}/v1/load_lora_adapter`)) return name;
    if (await tryAt(`${server.root}/load_lora_adapter`)) return `${await base(signal)}:${name}`;
    throw new WorkbenchError(
      'unsupported',
      `the engine '${server.name}' takes no adapters while it runs`,
      `Start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, SGLang with --enable-lora; or name the models that it has already as 'experts' of the engine.`,
    );
  };

  /**
   * Unloads what would fill the server's memory: blends that were asked before, whoever asked, and an expert as this process
   * knew it before.
   */
  const tidy = async (current: string, signal: AbortSignal): Promise<void> => {
    const isSglang = (await loaded.get(current)) !== current;
    const there = (await listed(signal)).map(({ id }) => id.slice(id.lastIndexOf(':') + 1));
    const blends = there.filter(name => isBlendName(name) && name !== current);
    const own = Object.keys({ ...experiment.recipe.experts, ...experiment.recipe.merges });
    const expert = own.find(name => isVersionOf(current, name));
    const before = [...loaded.keys()].filter(name => name !== current && expert && isVersionOf(name, expert));
    for (const name of [...blends.slice(0, Math.max(0, blends.length + 1 - keptThere)), ...before]) {
      loaded.delete(name);
      await server.post(`${server.root}${isSglang ? '' : '/v1'}/unload_lora_adapter`, { lora_name: name }, signal);
    }
  };

  return {
    async whoAnswers(weights, signal) {
      const active = Object.fromEntries(Object.entries(weights).filter(([, weight]) => weight !== 0));
      const [only, ...others] = Object.entries(active);
      if (!only) return { model: await base(signal) };
      const given = others.length === 0 && only[1] === 1 ? experts[only[0]] : undefined;
      if (given !== undefined) return { model: given };
      const { name, folder: place } = await placePeft(experiment, active);
      const known = loaded.get(name);
      if (known) return { model: await known };
      const path = folder === undefined ? place : `${folder.replace(/\/$/, '')}/${name}`;
      // Others wait for the same, so that it goes on when the one that began is given up.
      const loading = load(name, path, AbortSignal.timeout(longestLoading));
      loaded.set(name, loading);
      loading.catch(() => loaded.delete(name));
      const there = await loading;
      // The answer does not depend on it.
      await tidy(name, signal).catch(() => signal.throwIfAborted());
      return { model: there };
    },
    hasForgotten(error) {
      const isMeant = loaded.size > 0 && error instanceof WorkbenchError && error.code === 'notFound';
      if (isMeant) loaded.clear();
      return isMeant;
    },
    async look(names, signal) {
      const all = (await listed(signal)).map(each => each.id);
      const asked = [model, ...names.map(name => experts[name])].filter(name => name !== undefined);
      const missing = asked.filter(name => !all.includes(name));
      if (missing.length > 0)
        throw new WorkbenchError(
          'notFound',
          `the engine '${server.name}' has no model ${listing(missing.map(name => `'${name}'`))}`,
          `It has: ${listing(all.slice(0, 20))}.`,
        );
      return `there, with ${listing(all.slice(0, 20))}`;
    },
  };
}

/** Why a server did not take an adapter, and what mostly helps. */
function loadError(engine: string, name: string, path: string, error: unknown): unknown {
  if (!(error instanceof WorkbenchError)) return error;
  // vLLM tells of it as of a failure of its own, with status 500.
  const [, rank, most] = /rank (\d+) is greater than max_lora_rank (\d+)/i.exec(error.message) ?? [];
  if (error.code !== 'badRequest' && !rank) return error;
  const why = rank ? `its rank is ${rank}, and the server takes ${most} at most` : error.message;
  return new WorkbenchError(
    'mismatch',
    `the engine '${engine}' does not load the adapter '${name}': ${why}`,
    /rank/i.test(why)
      ? 'Start it with a larger --max-lora-rank: a blend has the ranks of its experts together.'
      : `It reads ${path} on its own machine: where that is another one, share the folder, and name it there as 'folder' of the engine.`,
  );
}
