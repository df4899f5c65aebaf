import * as z from 'zod/mini';
import { type Experiment, trainedExperts } from '../../experiment/experiment.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RemoteEngine as EngineSettings } from '../../recipe/schema.ts';
import { listing } from '../../text/numbers.ts';
import type { EngineServer } from './engineServer.ts';
import { placedName, placeGguf } from './placedAdapters.ts';
import type { RemoteEngine } from './remoteEngine.ts';
import { noSuchServer } from './serverErrors.ts';

type Settings = Extract<EngineSettings, { kind: 'llama-server' }>;

const adapters = z.array(z.object({ id: z.int(), path: z.string() }));

/**
 * llama.cpp's server. It knows the adapters with which it was started, and each request has a scale for each of them: a
 * blend needs nothing more.
 */
export function llamaServer(
  experiment: Experiment,
  { experts }: Settings,
  server: EngineServer,
): Pick<RemoteEngine, 'whoAnswers' | 'hasForgotten' | 'look'> {
  /** The ids of experts and merges, and all ids that there are. */
  const idsOf = async (names: string[], signal: AbortSignal) => {
    const parsed = adapters.safeParse(await server.get(`${server.root}/lora-adapters`, signal));
    if (!parsed.success) throw noSuchServer(server, 'lists no adapters as llama-server does');
    const there = parsed.data.map(({ id, path }) => ({ id, file: path.split(/[\\/]/).at(-1)! }));
    const ids = new Map<string, number>();
    for (const name of names) {
      const file = experts[name] ?? `${await placedName(experiment, name)}.gguf`;
      const found = there.find(each => each.file === file);
      if (!found) throw await notStarted(name);
      ids.set(name, found.id);
    }
    return { ids, all: there.map(each => each.id) };
  };

  /** Writes what it has to be started with, and says how. */
  const notStarted = async (name: string): Promise<WorkbenchError> => {
    const others = (await trainedExperts(experiment)).filter(each => each !== name && experts[each] === undefined);
    const files: string[] = [];
    for (const each of [name, ...others]) {
      const placed = placeGguf(experiment, each);
      // Of the others, one that cannot be written is told of when it is asked.
      if (each === name) files.push((await placed).file);
      else
        await placed.then(
          ({ file }) => files.push(file),
          () => {},
        );
    }
    return new WorkbenchError(
      'notFound',
      `the engine '${server.name}' was not started with the adapter of '${name}' as it is now`,
      `Start it with: ${startCommand(experiment.recipe.base, files, server.url)}`,
    );
  };

  return {
    async whoAnswers(weights, signal) {
      const { ids, all } = await idsOf(
        Object.keys(weights).filter(name => weights[name] !== 0),
        signal,
      );
      const scales = new Map(all.map(id => [id, 0]));
      for (const [name, id] of ids) scales.set(id, weights[name]!);
      // Its cache of prompts does not ask by whom they were read: what one has read would be gone on with by another.
      return { lora: [...scales].map(([id, scale]) => ({ id, scale })), cache_prompt: false };
    },
    hasForgotten: () => false,
    async look(names, signal) {
      const { all } = await idsOf(names, signal);
      return `there, with ${all.length} adapters${names.length > 0 ? `, those of ${listing(names)} among them` : ''}`;
    },
  };
}

/** Adapters start without effect: each request says how much of which it wants. */
function startCommand(base: string, files: string[], url: string): string {
  const { hostname, port } = new URL(url);
  const model = /\.gguf$/i.test(base) ? base : 'BASE.gguf';
  const loras = files.map(file => `--lora ${quoted(file)}`).join(' ');
  return `llama-server -m ${quoted(model)} --lora-init-without-apply ${loras} --host ${hostname} --port ${port || 80}`;
}

function quoted(path: string): string {
  return /^[\w./:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
