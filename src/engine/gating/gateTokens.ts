import { createHash } from 'node:crypto';
import { adapterStamp, readAdapter } from '../../experiment/adapterFiles.ts';
import { checkNoLinks } from '../../experiment/checkResults.ts';
import { adapterFolder, type Experiment } from '../../experiment/experiment.ts';
import { isThere, writeFileAtomic } from '../../experiment/files.ts';
import { readSafetensors, readSafetensorsHeader } from '../../experiment/safetensorsFile.ts';
import { encodeSafetensors } from '../../nn/files/safetensors.ts';
import { arrowGates } from '../../nn/gates/arrow.ts';
import { type Adapter, beyondFactors } from '../../nn/lora/adapter.ts';
import { linearGroups } from '../../nn/model/layout.ts';
import type { LinearGates, TokenGates } from '../../nn/model/tokenGates.ts';
import { beginsHalf } from '../../nn/model/tokenGating.ts';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { TokenRouter } from '../../recipe/settings.ts';
import { drawExamples } from '../merging/drawExamples.ts';
import { sourceOf } from '../merging/fitMerge.ts';
import { byToken, type Weights } from '../runtime/adapterBank.ts';
import type { Model } from '../runtime/model.ts';
import { watchFor } from '../workbench/request.ts';
import type { OpenExperiment, Workbench } from '../workbench/workbench.ts';
import { fitLinearGates } from './fitLinearGates.ts';

/** What a model's gates were made of. */
const madeOf = new WeakMap<TokenGates, string>();

/**
 * Puts the gates of a recipe's trained experts into the model, fitted where they are not yet, and gives the weights by which
 * they choose; the base answers where no expert is trained.
 *
 * @throws WorkbenchError `unsupported` for experts that are more than factors, `badRequest` where there is no data to fit to
 */
export async function gateTokens(
  open: OpenExperiment,
  router: TokenRouter,
  { threads, cacheFolder, tell }: Workbench,
  call: Call<WorkProgress>,
): Promise<Weights> {
  const { experiment: e, model } = open;
  const experts = (await open.available()).filter(name => Object.hasOwn(e.recipe.experts, name));
  if (experts.length === 0) return {};
  await open.load(experts);
  const weights = { [byToken]: 1 };
  const folders = experts.map(name => adapterFolder(e, name));
  const stamp = JSON.stringify([e.path, e.recipe, experts, await Promise.all(folders.map(adapterStamp))]);
  const current = model.bank.tokenGates();
  if (current && madeOf.get(current) === stamp) return weights;
  const adapters: Adapter[] = [];
  for (const [i, name] of experts.entries()) adapters.push(await readAdapter(folders[i]!, name, tell));
  checkFactorsAlone(adapters);
  const gates =
    router.kind === 'arrow'
      ? arrowGates(adapters, router)
      : await linearGates(e, model, adapters, router.examples, { threads, cacheFolder }, call);
  await model.gateTokens(gates);
  madeOf.set(gates, stamp);
  return weights;
}

function checkFactorsAlone(adapters: readonly Adapter[]): void {
  for (const adapter of adapters) {
    const more = beyondFactors(adapter);
    if (more)
      throw new WorkbenchError(
        'unsupported',
        `${adapter.name} ${more}, which cannot be switched from token to token`,
        'Route by prompt: "router": { "kind": "learned" }.',
      );
  }
}

/** Gates as they were fitted to the same examples before, or fitted now. */
async function linearGates(
  e: Experiment,
  { base }: Model,
  adapters: readonly Adapter[],
  count: number,
  { threads, cacheFolder }: Pick<Workbench, 'threads' | 'cacheFolder'>,
  call: Call<WorkProgress>,
): Promise<LinearGates> {
  const parts = [];
  const watch = watchFor(call, 'tokenising the data');
  for (const adapter of adapters) {
    if (!e.recipe.experts[adapter.name]!.data)
      throw new WorkbenchError(
        'badRequest',
        `${e.path} names no data of expert '${adapter.name}', to which its gates could be fitted`,
        'Name its data, or take the router that needs none: "router": { "kind": "arrow" }.',
      );
    const examples = await drawExamples(e, base, { expert: adapter.name, count, cacheFolder }, watch);
    parts.push({ adapter, weight: 1, examples });
  }
  const hash = createHash('sha256').update(await sourceOf(base, parts));
  for (const { adapter, examples } of parts) {
    hash.update(`${adapter.name} ${examples.length};`);
    for (const { ids } of examples) hash.update(`${ids.length};`).update(ids);
  }
  const fingerprint = hash.digest('hex');
  const names = adapters.map(({ name }) => name);
  const stored = await readGates(e, base, names, fingerprint);
  if (stored) return stored;
  const gates = await fitLinearGates({ base, parts, threads, watch: watchFor(call, 'fitting the gates of tokens') });
  await writeGates(e, gates, fingerprint);
  return gates;
}

const fingerprintKey = 'multi-lora.tokenGates';

async function readGates(
  { paths }: Experiment,
  base: Model['base'],
  experts: string[],
  fingerprint: string,
): Promise<LinearGates | undefined> {
  try {
    const { tensors, metadata } = await readSafetensors(paths.tokenGates, 'the gates of tokens');
    if (metadata[fingerprintKey] !== fingerprint) return undefined;
    const halves: LinearGates['halves'] = new Map();
    for (const { name } of linearGroups(base.config).filter(beginsHalf)) {
      const [weight, bias] = ['weight', 'bias'].map(part => tensors.get(`${name}.${part}`)?.data);
      if (!weight || !bias) return undefined;
      halves.set(name, { weight, bias });
    }
    return { kind: 'linear', experts, halves };
  } catch (error) {
    // What is not there or cannot be read is fitted anew.
    if (error instanceof WorkbenchError) return undefined;
    throw error;
  }
}

async function writeGates({ paths }: Experiment, gates: LinearGates, fingerprint: string): Promise<void> {
  const tensors = [...gates.halves].flatMap(([name, { weight, bias }]) => [
    { name: `${name}.weight`, dtype: 'F32' as const, shape: [bias.length, weight.length / bias.length], data: weight },
    { name: `${name}.bias`, dtype: 'F32' as const, shape: [bias.length], data: bias },
  ]);
  try {
    await checkNoLinks([...paths.parts, paths.tokenGates]);
    // What has its name and is none of ours is somebody's.
    if ((await isThere(paths.tokenGates)) && !(await isOurs(paths.tokenGates))) return;
    await writeFileAtomic(
      paths.tokenGates,
      encodeSafetensors(tensors, { format: 'pt', [fingerprintKey]: fingerprint }),
    );
  } catch (error) {
    // Gates that cannot be kept choose all the same; they are fitted again the next time.
    if (!(error instanceof WorkbenchError && error.code === 'storage')) throw error;
  }
}

async function isOurs(path: string): Promise<boolean> {
  const header = await readSafetensorsHeader(path).catch(() => undefined);
  return header?.metadata[fingerprintKey] !== undefined;
}
