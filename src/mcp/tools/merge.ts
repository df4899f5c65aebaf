import { existsSync } from 'node:fs';
import * as z from 'zod';
import { methodSettings } from '../../nn/merge/mergeMethods.ts';
import type { MergeRequest } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { mergeMethods } from '../../protocol/mergeMethod.ts';
import { mergeDefaults } from '../../recipe/settings.ts';
import { fitText } from '../../text/mergeFit.ts';
import { bytes } from '../../text/numbers.ts';
import {
  defineTool,
  overwriteInput,
  recipeInput,
  refusedOverwrite,
  replaces,
  type ToolCall,
  weightsInput,
} from '../tool.ts';
import { basePath } from './ask.ts';

const settings = {
  density: z.number().gt(0).max(1).optional().describe('Share of entries that pruning keeps.'),
  rank: z.int().min(1).optional().describe('Rank of the result, of methods that cut down.'),
  majoritySign: z.enum(['total', 'frequency']).optional().describe('How ties elects a sign.'),
  seed: z.int().optional().describe('Seed of the masks of dare.'),
};

const mergeInput = z.strictObject({
  recipe: recipeInput.optional(),
  merge: z.string().optional().describe('A merge that the recipe names; then nothing but `out` is said of it here.'),
  weights: weightsInput.optional().describe('Experts of the recipe and their weights, in place of a named merge.'),
  adapters: z
    .array(z.strictObject({ path: z.string(), weight: z.number() }))
    .min(1)
    .optional()
    .describe('PEFT folders and their weights, in place of a recipe.'),
  base: z.string().optional().describe('The base of `adapters`; the embedded one without it.'),
  method: z.enum(mergeMethods).optional().describe(`How factors are combined; ${mergeDefaults.method} is exact.`),
  ...settings,
  out: z.string().optional().describe("Folder of the result; the recipe's own place for a named merge without it."),
  intoBase: z
    .boolean()
    .default(false)
    .describe('Write a full Hugging Face folder, the base with the merge in it, instead of an adapter.'),
  overwrite: overwriteInput,
});

export const merge = defineTool({
  name: 'merge',
  title: 'Merge experts',
  description:
    'Combines experts for good, into one adapter or a full copy of the base: a merge that the recipe names, weights of its experts, or adapters of any folders. The experts and the base stay as they are.',
  input: mergeInput,
  output: z.object({ path: z.string(), rank: z.int(), relativeError: z.number().nullable() }),
  annotations: replaces,

  async run({ overwrite, ...given }, call) {
    const request = mergeRequest(given, call);
    if (!overwrite) await refuseMade(request, call);
    const { path, rank, relativeError, fit } = await call.engine.request('merge', request, {
      signal: call.signal,
      onProgress: call.progress,
    });
    const error =
      relativeError === null ? '' : `, relative error ${relativeError.toExponential(1)} against the exact weighted sum`;
    return {
      text: [`${path}: rank ${rank}${error}`, ...(fit ? [fitText(fit)] : [])].join('\n'),
      data: { path, rank, relativeError },
    };
  },
});

type Given = Omit<z.infer<typeof mergeInput>, 'overwrite'>;

function mergeRequest(given: Given, call: ToolCall): MergeRequest {
  const { recipe, adapters, base, out, ...rest } = given;
  const ways = (['merge', 'weights', 'adapters'] as const).filter(way => given[way] !== undefined);
  if (ways.length !== 1 || (recipe === undefined) !== (adapters !== undefined))
    throw new WorkbenchError(
      'badRequest',
      'what is to be merged is said in one of three ways',
      'Give "recipe" with "merge" or with "weights", or "adapters".',
    );
  const method = given.method ?? mergeDefaults.method;
  const said = (Object.keys(settings) as (keyof typeof settings)[]).filter(key => given[key] !== undefined);
  const unread = given.merge !== undefined ? said : said.filter(key => !methodSettings(method).includes(key));
  if (given.merge !== undefined && given.method !== undefined) unread.push('method' as never);
  if (unread.length > 0)
    throw new WorkbenchError(
      'badRequest',
      given.merge !== undefined
        ? `the recipe says what the merge '${given.merge}' is`
        : `'${method}' does not read ${unread.join(', ')}`,
      `Leave out: ${unread.join(', ')}.`,
    );
  if (given.merge === undefined && out === undefined)
    throw new WorkbenchError('badRequest', 'a merge needs a folder to write to', 'Give "out".');
  return {
    ...rest,
    ...(recipe !== undefined && { recipe: call.place(recipe) }),
    ...(adapters && {
      base: basePath(call, base),
      adapters: adapters.map(({ path, weight }) => ({ path: call.place(path), weight })),
    }),
    ...(out !== undefined && { out: call.place(out) }),
  };
}

/** Throws where the result would take the place of an earlier one. */
async function refuseMade({ recipe, merge: name, out }: MergeRequest, { engine, signal }: ToolCall): Promise<void> {
  if (out !== undefined) {
    if (existsSync(out)) throw refusedOverwrite(out);
    return;
  }
  const { merges } = await engine.request('describe', { recipe }, { signal });
  if (merges.some(m => m.name === name && m.isMade)) throw refusedOverwrite(`the merge '${name}'`);
}

export const exportAdapter = defineTool({
  name: 'export',
  title: 'Export an expert',
  description:
    'Writes an expert or a merge for use elsewhere: a PEFT folder, a GGUF adapter for llama.cpp, or merged into a full model, as Hugging Face folder or as GGUF with a Modelfile for Ollama.',
  input: z.strictObject({
    recipe: recipeInput,
    name: z.string().describe('An expert or a merge of the recipe.'),
    format: z.enum(['peft', 'gguf', 'merged', 'merged-gguf']),
    type: z
      .enum(['F32', 'F16', 'Q8_0', 'Q4_0'])
      .optional()
      .describe('What a merged-gguf is stored as; F16 without it.'),
    out: z.string().min(1).describe('Folder or file to write, from the workspace.'),
    overwrite: overwriteInput,
  }),
  output: z.object({ path: z.string(), bytes: z.number(), modelfile: z.string().optional() }),
  annotations: replaces,

  async run({ recipe, name, format, type, out: given, overwrite }, { place, engine, signal, progress }) {
    if (type !== undefined && format !== 'merged-gguf')
      throw new WorkbenchError('badRequest', 'a type is of the format merged-gguf alone', 'Leave "type" out.');
    const out = place(given);
    if (!overwrite && existsSync(out)) throw refusedOverwrite(out);
    const request = { recipe: place(recipe), expert: name, format, ...(type && { type }), out };
    const result = await engine.request('export', request, { signal, onProgress: progress });
    const { path, modelfile } = result;
    const more = modelfile ? `\n${modelfile}: for ollama create NAME -f ${modelfile}` : '';
    return { text: `${path}: ${bytes(result.bytes)}${more}`, data: { ...result } };
  },
});
