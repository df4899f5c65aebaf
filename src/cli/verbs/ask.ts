import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AskRequest, AskResult } from '../../protocol/engine/asking.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { refusalText } from '../../text/demonstration.ts';
import { beyondText } from '../../text/route.ts';
import { namedTarget } from '../../text/target.ts';
import { type Arguments, parseWeights } from '../console/arguments.ts';
import { progressLine, weightsText } from '../console/format.ts';
import { exampleRecipe } from '../console/packagePaths.ts';
import type { Verb, VerbCall } from '../console/verb.ts';

export const askVerb: Verb = {
  name: 'ask',
  summary: 'Answers a prompt with the experts that the router chooses, or with those you name.',
  usage: [
    'PROMPT [--recipe R] [--expert auto|base|NAME] [--weights code=0.5,math=0.4] [--blend NAME] [--stream]',
    'PROMPT --recipe R --engine local|NAME [--expert NAME…]',
  ],
  options: {
    recipe: { value: 'FILE', description: "the experts' recipe (default: the quickstart's)" },
    expert: { value: 'NAME', description: "an expert, a merge, 'base', or 'auto' for the router (default)" },
    weights: { value: 'TABLE', description: 'weights of experts, such as code=0.5,math=0.4' },
    blend: { value: 'NAME', description: "one of the recipe's blends" },
    engine: { value: 'NAME', description: "who answers: 'local', or an engine that the recipe names" },
    stream: { description: 'print the answer while it is made' },
    temperature: { value: 'X', description: '0 takes the most probable token' },
    'top-k': { value: 'N', description: 'sample among the N most probable tokens' },
    'top-p': { value: 'X', description: 'sample among the most probable tokens of this total probability' },
    'repetition-penalty': { value: 'X', description: 'divides the scores of tokens that were there already' },
    seed: { value: 'N', description: 'seed of the sampling' },
    stop: { value: 'TEXT', list: 'items', description: 'end before this text' },
    'max-tokens': { value: 'N', description: 'longest answer' },
    thinking: { description: 'let the model reason before it answers, where its chat template knows of it' },
  },
  positionals: [1, 1],
  examples: [
    '"Solve this equation: x² + 7x + 12 = 0"',
    '"Write a function that doubles each number." --expert code --stream',
    '"What is 25% of 80?" --weights math=0.7,qa=0.3 --temperature 0.8 --seed 7',
  ],

  async run(call) {
    const { args, terminal, json } = call;
    const ways = ['expert', 'weights', 'blend'].filter(name => args.text(name) !== undefined);
    if (ways.length > 1)
      throw new WorkbenchError('badRequest', `--${ways.join(' and --')} exclude each other; keep one`);
    const given = args.text('weights');
    const params = {
      recipe: recipePath(args),
      prompt: args.positionals[0]!,
      engine: args.text('engine'),
      target: namedTarget({
        expert: args.text('expert'),
        weights: given === undefined ? undefined : parseWeights(given),
        blend: args.text('blend'),
      }),
      settings: decodingSettings(args),
    };
    const isStreaming = args.flag('stream');
    const onText = (text: string) => (json ? terminal.printJson({ text }) : terminal.write(text));
    const result = await askPrompt(call, params, isStreaming ? onText : undefined);
    if (json) terminal.printJson(result);
    else {
      terminal.print(isStreaming ? '' : result.text);
      terminal.note(answerLine(result));
      if (result.route) for (const line of await limitsOf(call, result.route, params.recipe)) terminal.note(line);
    }
    return 0;
  },
};

/** That no expert was trained for a prompt, where that is so. */
async function limitsOf({ engine }: VerbCall, route: RouteResult, recipe: string | undefined): Promise<string[]> {
  const refusal = route.abstained ? refusalText(route, await engine.request('describe', { recipe })) : undefined;
  return [route.beyond && beyondText(route.beyond), refusal].filter(line => line !== undefined);
}

/** The recipe to ask; undefined for the base alone, which needs none. */
function recipePath(args: Arguments): string | undefined {
  const given = args.text('recipe');
  if (given !== undefined) return resolve(given);
  if (args.text('expert') === 'base') return undefined;
  if (existsSync(exampleRecipe)) return exampleRecipe;
  throw new WorkbenchError(
    'notFound',
    'there are no trained experts to ask',
    'Name a recipe with --recipe FILE, or ask the base with --expert base.',
  );
}

/** Only what was given: the rest is the recipe's. */
function decodingSettings(args: Arguments): Record<string, unknown> {
  const settings = {
    temperature: args.number('temperature'),
    topK: args.number('top-k'),
    topP: args.number('top-p'),
    repetitionPenalty: args.number('repetition-penalty'),
    seed: args.number('seed'),
    stop: args.list('stop'),
    maxTokens: args.number('max-tokens'),
    thinking: args.flag('thinking') || undefined,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Asks, handing the answer's text on as it comes. */
export async function askPrompt(
  { engine, terminal, json }: VerbCall,
  request: AskRequest,
  onText?: (text: string) => void,
): Promise<AskResult> {
  return engine.request('ask', request, {
    onProgress(told) {
      if (told.kind === 'text') onText?.(told.text);
      if (told.kind === 'work' && !json) terminal.progress(progressLine(told));
    },
  });
}

/** Who answered, and how fast. */
export function answerLine({ weights, route, finish, answerTokens, timings, engine }: AskResult): string {
  const answering = route?.abstained ? 'the base alone (no expert recognises the prompt)' : weightsText(weights);
  const who = engine === undefined ? answering : `${answering}, on ${engine}`;
  const seconds = timings.decodeMs / 1000;
  const speed = answerTokens > 1 && seconds > 0 ? `, ${Math.round(answerTokens / seconds)} tokens/s` : '';
  const end = {
    stop: '',
    length: ', cut at --max-tokens',
    context: ', cut at the end of the context',
    cancelled: ', stopped',
    repeats: ', stopped because it repeated itself',
  }[finish];
  return `[${who}; ${answerTokens} tokens${speed}${end}]`;
}
