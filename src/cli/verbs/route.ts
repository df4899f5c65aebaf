import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { beyondText } from '../../text/route.ts';
import { weightsText } from '../console/format.ts';
import { columns } from '../console/help.ts';
import { jsonLines } from '../console/jsonLines.ts';
import type { Verb } from '../console/verb.ts';

/** Features of the evidence that a person is shown. */
const shownFeatures = 8;

export const routeVerb: Verb = {
  name: 'route',
  summary: 'Says which experts a prompt goes to, and why.',
  usage: ['PROMPT [--recipe R]', '[--recipe R] < PROMPTS.jsonl'],
  options: {
    recipe: { value: 'FILE', description: 'whose experts and router (default: math, code and qa as shipped)' },
  },
  positionals: [0, 1],
  examples: [
    '"Write a loop that sums a list"',
    '--recipe my.lora.json < prompts.jsonl   # {"prompt": …} a line in, {"weights": …} a line out',
  ],

  async run({ args, terminal, json, engine, signal }) {
    const [prompt] = args.positionals;
    const given = args.text('recipe');
    const recipe = given === undefined ? undefined : resolve(given);
    if (prompt !== undefined) {
      const [route] = await engine.request('route', { recipe, prompts: [prompt] });
      if (json) terminal.printJson(shownRoute(route!));
      else printRoute(route!, line => terminal.print(line));
      return 0;
    }
    if (process.stdin.isTTY)
      throw new WorkbenchError('badRequest', 'there is no prompt', 'Give one, or JSONL of {"prompt": …} on stdin.');
    for await (const batch of jsonLines(process.stdin, signal)) {
      const prompts = batch.map(({ line, value }) => promptOf(value, line));
      for (const route of await engine.request('route', { recipe, prompts })) terminal.printJson(shownRoute(route));
    }
    return 0;
  },
};

/** A route with its keys in a fixed order. */
function shownRoute({ weights, abstained, evidence, beyond }: RouteResult): RouteResult {
  return { weights, abstained, evidence, ...(beyond && { beyond }) };
}

function promptOf(value: unknown, line: number): string {
  const prompt = (value as { prompt?: unknown } | null)?.prompt;
  if (typeof prompt === 'string') return prompt;
  throw new WorkbenchError('badData', `stdin:${line}: 'prompt' is not a text`, 'Every line is {"prompt": "…"}.');
}

function printRoute(route: RouteResult, print: (line: string) => void): void {
  print(route.abstained ? 'the base alone: nothing in the prompt speaks for an expert' : weightsText(route.weights));
  if (route.beyond) print(beyondText(route.beyond));
  const strongest = [...route.evidence]
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, shownFeatures);
  const rows = strongest.map(
    e => [`${e.contribution < 0 ? '−' : '+'}${Math.abs(e.contribution).toFixed(2)} ${e.expert}`, e.feature] as const,
  );
  if (rows.length > 0) columns(rows).forEach(print);
}
