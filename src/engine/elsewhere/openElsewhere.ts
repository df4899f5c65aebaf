import { type BaseText, readBaseConfig } from '../../experiment/base.ts';
import type { Call } from '../../protocol/contract.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import { listing } from '../../text/numbers.ts';
import { answerSettings } from '../answering/openAnswering.ts';
import type { OpenExperts, Workbench } from '../workbench/workbench.ts';
import type { EngineKeys } from './engineKey.ts';
import { mayBeSent } from './mayBeSent.ts';
import { type RemoteEngine, remoteEngine } from './remoteEngine.ts';
import { isAway } from './serverErrors.ts';

/** A recipe whose answers come from an engine elsewhere. Router and texts stay here; no base is compiled. */
export interface Elsewhere {
  engine: RemoteEngine;
  open: OpenExperts;
  isEmbedded: boolean;
  text: BaseText;
  /** Tokens of the base's window. */
  maxLength: number;
  /** Decoding settings of the request over those of the recipe over the defaults. */
  settings: GenerationSettings;
}

/** What a request says of where it is to be answered. */
interface Asked {
  recipe?: string | undefined;
  adapters?: Record<string, string> | undefined;
  engine?: string | undefined;
  keys?: EngineKeys | undefined;
  servers?: readonly string[] | undefined;
  settings?: Record<string, unknown> | undefined;
}

/**
 * Opens an engine elsewhere for a recipe. Throws `notFound` for one that the recipe does not name, `denied` where the user has
 * not allowed its server.
 */
export async function openElsewhere(workbench: Workbench, engine: string, asked: Asked): Promise<Elsewhere> {
  const open = await workbench.openExperts(asked.recipe!, asked.adapters);
  const { experiment } = open;
  const { recipe, path, baseFolder } = experiment;
  if (!Object.hasOwn(recipe.engines, engine))
    throw new WorkbenchError(
      'notFound',
      `${path} names no engine '${engine}'`,
      `There are: ${listing(['local', ...Object.keys(recipe.engines)])}.`,
    );
  mayBeSent(workbench, recipe, engine, asked.servers);
  const { config } = await readBaseConfig(baseFolder);
  return {
    engine: remoteEngine(experiment, engine, asked.keys),
    open,
    isEmbedded: recipe.base === 'embedded',
    text: await workbench.text(baseFolder),
    maxLength: config.maxLength,
    settings: answerSettings(recipe, config.maxLength, asked.settings),
  };
}

/**
 * Has a request answered by the engine that it or its recipe names. Where that one is away and the recipe allows it, this
 * machine answers, and says so; not once a word of the answer was told.
 */
export async function answered<P extends { kind: string }, T>(
  workbench: Workbench,
  asked: Asked,
  call: Call<P>,
  { elsewhere, here }: { elsewhere(from: Elsewhere, call: Call<P>): Promise<T>; here(): Promise<T> },
): Promise<T> {
  const name = await engineOf(workbench, asked);
  if (name === 'local') return here();
  const from = await openElsewhere(workbench, name, asked);
  let hasTold = false;
  const progress = (told: P) => {
    hasTold ||= told.kind === 'text' || told.kind === 'reasoning' || told.kind === 'toolCall';
    call.progress(told);
  };
  try {
    return await elsewhere(from, { ...call, progress });
  } catch (error) {
    if (!from.engine.fallback || hasTold || !isAway(error)) throw error;
    workbench.tell(`${error.message}: this machine answers in its place`);
    return here();
  }
}

/** The name of the engine that is to answer. */
async function engineOf(workbench: Workbench, { recipe, adapters, engine }: Asked): Promise<string> {
  if (recipe === undefined) {
    if (engine === undefined || engine === 'local') return 'local';
    throw new WorkbenchError('badRequest', 'an engine elsewhere needs a recipe that names it', 'Add --recipe FILE.');
  }
  // The workbench keeps what it opened last: every request asks, and reading a large recipe takes longer than answering.
  return engine ?? (await workbench.openExperts(recipe, adapters)).experiment.recipe.answering;
}
