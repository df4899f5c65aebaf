import * as z from 'zod';
import { parseBaseName } from '../../experiment/baseFolder.ts';
import type { AskResult } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RouteResult } from '../../protocol/route.ts';
import type { Target } from '../../protocol/target.ts';
import { refusalText } from '../../text/demonstration.ts';
import { beyondText } from '../../text/route.ts';
import { namedTarget, targetLabel, weightsText } from '../../text/target.ts';
import { defineTool, reads, type ToolCall, weightsInput } from '../tool.ts';

const optionalRecipe = z
  .string()
  .min(1)
  .optional()
  .describe('Path of the recipe, *.lora.json, from the workspace; the base alone without it.');

const decoding = {
  temperature: z.number().min(0).optional().describe('0 takes the most probable token.'),
  topP: z.number().optional(),
  topK: z.int().optional(),
  seed: z.int().optional(),
  stop: z.array(z.string()).optional().describe('Ends before one of these texts.'),
  maxTokens: z.int().min(1).optional().describe('Longest answer.'),
};

const route = z.object({
  weights: z.record(z.string(), z.number()),
  abstained: z.boolean(),
  evidence: z.array(z.object({ expert: z.string(), feature: z.string(), contribution: z.number() })),
  of: z.string().optional(),
  beyond: z.array(z.string()).optional(),
});

const answer = {
  text: z.string(),
  finish: z.string(),
  weights: z.record(z.string(), z.number()),
  promptTokens: z.int(),
  answerTokens: z.int(),
};

export const ask = defineTool({
  name: 'ask',
  title: 'Ask the experts',
  description:
    'Answers a prompt with the experts that the router chooses, with one expert or merge, a blend, or weights of your own; says whom the router chose, and why.',
  input: z.strictObject({
    prompt: z.string().min(1),
    recipe: optionalRecipe,
    base: z.string().optional().describe('Without a recipe: a folder, a GGUF file or a downloaded model.'),
    target: z.string().default('auto').describe("'auto' for the router, 'base', or the name of an expert or a merge."),
    blend: z.string().optional().describe('A blend of the recipe, in place of a target.'),
    weights: weightsInput.optional().describe('Weights of experts, in place of a target.'),
    ...decoding,
  }),
  output: z.object({ ...answer, route: route.optional() }),
  annotations: reads,

  async run({ prompt, recipe, base, target, blend, weights, ...settings }, call) {
    if (blend !== undefined && weights)
      throw new WorkbenchError('badRequest', 'a blend and weights exclude each other', 'Keep one.');
    // The base alone has no router.
    const wanted = recipe === undefined && target === 'auto' ? 'base' : target;
    const about = recipe === undefined ? { base: basePath(call, base) } : { recipe: call.place(recipe) };
    const { timings: _, ...result } = await askOne(
      call,
      about,
      prompt,
      namedTarget({ expert: wanted, blend, weights }),
      settings,
    );
    const found = result.route;
    const refusal = found?.abstained ? refusalText(found, await call.engine.request('describe', about)) : undefined;
    const limits = refusal === undefined ? [] : [refusal];
    return {
      text: [result.text, '', `[${answeredBy(result)}]`, ...(found ? routeLines(found) : []), ...limits].join('\n'),
      data: { ...result },
    };
  },
});

export const blend = defineTool({
  name: 'blend',
  title: 'Compare blends',
  description:
    'Answers one prompt with several blends of experts, one answer for each, to be compared: blends that the recipe names, and weights of your own.',
  input: z.strictObject({
    prompt: z.string().min(1),
    recipe: z.string().min(1).describe('Path of the recipe, *.lora.json, from the workspace.'),
    blends: z.array(z.string()).default([]).describe('Blends that the recipe names.'),
    weights: z.array(weightsInput).default([]).describe('Blends of your own.'),
    ...decoding,
  }),
  output: z.object({ answers: z.array(z.object({ blend: z.string(), ...answer })) }),
  annotations: reads,

  async run({ prompt, recipe, blends, weights, ...settings }, call) {
    const targets: Target[] = [
      ...blends.map((name): Target => ({ kind: 'blend', name })),
      ...weights.map((w): Target => ({ kind: 'weights', weights: w })),
    ];
    if (targets.length === 0)
      throw new WorkbenchError('badRequest', 'no blend is named', 'Give "blends", "weights" or both.');
    const answers = [];
    for (const target of targets) {
      const found = await askOne(call, { recipe: call.place(recipe) }, prompt, target, settings);
      const { timings: _, route: __, ...rest } = found;
      answers.push({ blend: targetLabel(target), ...rest });
    }
    return { text: answers.map(a => `${a.blend} [${answeredBy(a)}]:\n${a.text}`).join('\n\n'), data: { answers } };
  },
});

export const routePrompts = defineTool({
  name: 'route',
  title: 'Route prompts',
  description:
    'Says which experts prompts would go to, and what in them speaks for whom; nothing is answered. Without a recipe the shipped router speaks for math, code and qa.',
  input: z.strictObject({ prompts: z.array(z.string()).min(1).max(256), recipe: optionalRecipe }),
  output: z.object({ routes: z.array(route) }),
  annotations: reads,

  async run({ prompts, recipe }, { engine, place, signal, progress }) {
    const given = recipe === undefined ? undefined : place(recipe);
    const routes = await engine.request('route', { recipe: given, prompts }, { signal, onProgress: progress });
    const lines = routes.flatMap((r, i) => [prompts[i]!.split('\n')[0]!, ...routeLines(r).map(line => `  ${line}`)]);
    return { text: lines.join('\n'), data: { routes } };
  },
});

async function askOne(
  { engine, signal, progress }: ToolCall,
  source: { recipe: string } | { base: string },
  prompt: string,
  target: Target,
  settings: Record<string, unknown>,
): Promise<AskResult> {
  let pieces = 0;
  return engine.request(
    'ask',
    { ...source, prompt, target, settings: onlyGiven(settings) },
    {
      signal,
      onProgress(told) {
        if (told.kind === 'work') progress(told);
        if (told.kind === 'text') progress({ message: 'answering', done: ++pieces, total: 0 });
      },
    },
  );
}

/** The rest is the recipe's. */
function onlyGiven(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** A base as a recipe of the workspace would name it. */
export function basePath({ workspace }: Pick<ToolCall, 'workspace'>, given = 'embedded'): string {
  const meant = parseBaseName(given, workspace);
  return meant.kind === 'path' ? meant.path : given;
}

function answeredBy({ weights, finish, answerTokens }: Pick<AskResult, 'weights' | 'finish' | 'answerTokens'>): string {
  const end = finish === 'stop' ? '' : `, ended by ${finish}`;
  return `${weightsText(weights)}; ${answerTokens} tokens${end}`;
}

/** Features of the evidence that are told in words. */
const shownFeatures = 5;

function routeLines({ weights, abstained, evidence, beyond }: RouteResult): string[] {
  const strongest = evidence
    .toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, shownFeatures)
    .map(e => `${e.contribution < 0 ? '−' : '+'}${Math.abs(e.contribution).toFixed(2)} ${e.expert} “${e.feature}”`);
  return [
    abstained ? 'routed to the base alone: nothing speaks for an expert' : `routed to ${weightsText(weights)}`,
    ...(strongest.length > 0 ? [`evidence: ${strongest.join(', ')}`] : []),
    ...(beyond ? [beyondText(beyond)] : []),
  ];
}
