import type { CompleteRequest } from '../../protocol/engine/completing.ts';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Target, Weights } from '../../protocol/target.ts';
import { ApiError } from '../http/apiError.ts';
import { findModel, type ServedModel, servedModels } from './modelNames.ts';
import type { ServerEngine } from './serverEngine.ts';

/** What a server is about: a recipe, or a base. */
export interface Source {
  recipe?: string;
  base?: string;
}

/** How much of which adapter, in llama-server's words. */
interface LoraScale {
  id: number;
  scale: number;
}

/** Who answers one request. */
export type Answerer = Pick<CompleteRequest, 'recipe' | 'base' | 'adapters' | 'target'> & {
  /** As the answer names it. */
  model: string;
};

/** What a server offers, which changes while it runs: experts are trained, adapters come and go. */
export interface Served {
  source: Source;
  /** As it was told last. */
  readonly described: DescribeResult;
  /** As they are now. */
  models(): Promise<ServedModel[]>;
  /** Who is meant by a request's `model` and `lora`. Throws `ApiError` 404 or 400. */
  answerer(model: string | undefined, lora: readonly LoraScale[] | undefined): Promise<Answerer>;
  /** Adapters with the scale that each has for requests which name none. */
  loras(): Promise<{ id: number; path: string; scale: number }[]>;
  /** An empty list leaves it to the router again. Throws `ApiError` 400 for an id that is none. */
  setScales(scales: readonly LoraScale[]): Promise<void>;
  /** Offers an adapter once it has answered. Throws what keeps it from that. */
  addAdapter(name: string, folder: string, options?: { inPlace?: boolean }): Promise<void>;
  /** Throws `ApiError` 404 for one that was not added. */
  removeAdapter(name: string): void;
}

/** As in llama-server, adapters that all have the scale 0 leave the base. */
function weighted(weights: Weights): Target {
  return Object.keys(weights).length === 0 ? { kind: 'base' } : { kind: 'weights', weights };
}

/** Throws what is wrong with the recipe or the base. */
export async function createServed(engine: ServerEngine, source: Source): Promise<Served> {
  let described = await engine.request('describe', source, {});
  const adapters = new Map<string, string>();
  /** Ids of adapters by their names: that of one that has gone is given to no other. */
  const ids = new Map<string, number>();
  let scales: Weights | undefined;

  const known = () => {
    const models = servedModels(described, adapters);
    for (const { id, folder } of models) if (folder && !ids.has(id)) ids.set(id, ids.size);
    return models;
  };
  const models = async () => {
    described = await engine.request('describe', source, {});
    return known();
  };

  async function weightsOf(lora: readonly LoraScale[], param: string): Promise<Weights> {
    const weights: Weights = {};
    const offered = await models();
    for (const [i, { id, scale }] of lora.entries()) {
      const name = offered.find(model => model.folder && ids.get(model.id) === id)?.id;
      if (name === undefined)
        throw new ApiError(
          400,
          `There is no adapter ${id}: see GET /lora-adapters.`,
          'invalid_value',
          `${param}${i}.id`,
        );
      if (scale !== 0) weights[name] = (weights[name] ?? 0) + scale;
    }
    return weights;
  }

  async function find(name: string): Promise<ServedModel> {
    // What is not known may have come since: an expert that was trained.
    const found = findModel(name, known()) ?? findModel(name, await models());
    if (found) return found;
    const names = known().map(model => model.id);
    throw new ApiError(
      404,
      `The model '${name}' does not exist. There are: ${names.join(', ')}.`,
      'model_not_found',
      'model',
    );
  }

  // All adapters with each request: those that it does not name would have to leave the engine's memory for it.
  const answering = (model: string, target: Target): Answerer => ({
    ...source,
    ...(adapters.size > 0 && { adapters: Object.fromEntries(adapters) }),
    target,
    model,
  });

  return {
    source,
    get described() {
      return described;
    },
    models,
    async answerer(name, lora) {
      const model = await find(name ?? known()[0]!.id);
      if (lora) return answering(model.id, weighted(await weightsOf(lora, 'lora.')));
      if (scales && model.id === 'auto') return answering(model.id, weighted(scales));
      return answering(model.id, model.target);
    },
    async loras() {
      const offered = (await models()).filter(model => model.folder);
      return offered.map(({ id, folder }) => ({ id: ids.get(id)!, path: folder!, scale: scales?.[id] ?? 0 }));
    },
    async setScales(given) {
      scales = given.length === 0 ? undefined : await weightsOf(given, '');
    },
    async addAdapter(name, folder, { inPlace = false } = {}) {
      const isAgain = inPlace && adapters.has(name);
      if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name))
        throw new WorkbenchError(
          'badRequest',
          `'${name}' cannot be the name of an adapter`,
          'It begins with a letter or digit; letters, digits, "_", "-" and "." follow.',
        );
      if (!isAgain && findModel(name, await models()))
        throw new WorkbenchError('badRequest', `there is a model '${name}' already`);
      await engine.request(
        'complete',
        {
          ...source,
          adapters: { ...Object.fromEntries(adapters), [name]: folder },
          target: { kind: 'expert', name },
          input: { kind: 'text', text: 'a' },
          settings: { maxTokens: 1 },
        },
        {},
      );
      adapters.set(name, folder);
    },
    removeAdapter(name) {
      if (!adapters.delete(name))
        throw new ApiError(404, `The adapter '${name}' was not loaded here.`, 'not_found', 'lora_name');
      if (scales) delete scales[name];
    },
  };
}
