import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promptOf } from '../../data/promptOf.ts';
import { checkNoLinks } from '../../experiment/checkResults.ts';
import { readExamples } from '../../experiment/dataFiles.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { isThere, readBytes, readJson, writeFileAtomic } from '../../experiment/files.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { readingOf } from '../../recipe/settings.ts';
import { defaultKeywords, keywordRouter } from '../../router/keywords.ts';
import { routerFrom } from '../../router/learned.ts';
import type { Router } from '../../router/router.ts';
import { parseRouter, readPrior, serializeRouter } from '../../router/routerFile.ts';
import { type ExpertPrompts, trainRouter } from '../../router/trainRouter.ts';

/** The router of a recipe's experts by prompt, which is the learned one where tokens are routed too; a learned one is trained when its data changed, in a few seconds, and kept. */
export async function openRouter(e: Experiment, mediaFolder: string): Promise<Router> {
  const { router } = e.recipe;
  if (router.kind === 'keywords') return keywordRouter(router.keywords ?? tableFor(e));
  const seed = router.kind === 'learned' ? router.seed : 1;
  const priorJson = await readBytes(join(mediaFolder, 'router', 'prior.json'), "the router's prior");
  const priorBytes = await readBytes(join(mediaFolder, 'router', 'prior.bin'), "the router's prior");
  const experts = await expertPrompts(e);
  const fingerprint = createHash('sha256')
    .update(priorJson)
    .update(priorBytes)
    .update(JSON.stringify([experts, seed]))
    .digest('hex');
  const [jsonPath, binPath] = [e.paths.router, e.paths.routerWeights(fingerprint)];
  const stored = storedRouter(await readJson(jsonPath, 'the router').catch(() => undefined));
  if (stored?.fingerprint === fingerprint)
    return routerFrom(parseRouter(stored.header, await readBytes(binPath, 'the router')));
  const model = trainRouter({
    prior: readPrior(JSON.parse(priorJson.toString()), priorBytes),
    experts,
    seed,
  });
  const { header, bytes } = serializeRouter(model);
  try {
    await checkNoLinks([...e.paths.parts, jsonPath, binPath]);
    // What has its name and is no router is somebody's.
    if (stored === undefined && (await isThere(jsonPath))) return routerFrom(model);
    await writeFileAtomic(binPath, bytes);
    await writeFileAtomic(jsonPath, `${JSON.stringify({ fingerprint, header })}\n`);
  } catch (error) {
    // A router that cannot be kept routes all the same; it is trained again the next time.
    if (!(error instanceof WorkbenchError && error.code === 'storage')) throw error;
  }
  return routerFrom(model);
}

function storedRouter(json: unknown): { fingerprint: string; header?: unknown } | undefined {
  const fingerprint = (json as { fingerprint?: unknown } | null | undefined)?.fingerprint;
  return typeof fingerprint === 'string' ? (json as { fingerprint: string }) : undefined;
}

/** The router for prompts when no recipe is given: the shipped prior, over the domains math, code and qa. */
export async function openPriorRouter(mediaFolder: string): Promise<Router> {
  const json = await readJson(join(mediaFolder, 'router', 'prior.json'), "the router's prior");
  return routerFrom(
    readPrior(json, await readBytes(join(mediaFolder, 'router', 'prior.bin'), "the router's prior")).model,
  );
}

async function expertPrompts(e: Experiment): Promise<ExpertPrompts[]> {
  const experts: ExpertPrompts[] = [];
  for (const [name, expert] of Object.entries(e.recipe.experts)) {
    const examples = expert.data ? await readExamples(e.folder, expert.data.train, readingOf(expert.data)) : [];
    const prompts = examples.map(promptOf).filter(p => p !== '');
    experts.push({ name, domain: expert.domain ?? name, prompts });
  }
  return experts;
}

/** The default words of each expert's domain. */
function tableFor(e: Experiment): Record<string, Record<string, number>> {
  return Object.fromEntries(
    Object.entries(e.recipe.experts).map(([name, expert]) => [name, defaultKeywords[expert.domain ?? name] ?? {}]),
  );
}
