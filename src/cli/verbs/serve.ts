import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Source } from '../../server/models/served.ts';
import type { RunningServer } from '../../server/startServer.ts';
import type { Arguments } from '../console/arguments.ts';
import { basePath } from '../console/basePath.ts';
import { exampleRecipe } from '../console/packagePaths.ts';
import type { Terminal } from '../console/terminal.ts';
import type { Verb } from '../console/verb.ts';

/** That of llama-server. */
const defaultPort = 8080;

export const serveVerb: Verb = {
  name: 'serve',
  summary: 'Serves the experts to programs that speak the OpenAI API, until it is stopped.',
  usage: ['[RECIPE] [--port N]', '--model FOLDER|FILE.gguf|embedded [--adapter NAME=FOLDER]…'],
  options: {
    model: { value: 'BASE', description: 'a base without a recipe, as recipes name it' },
    adapter: { value: 'NAME=FOLDER', list: 'items', description: 'an adapter to serve besides, by this name' },
    port: { value: 'N', description: `port, 0 for any that is free (default: ${defaultPort})` },
    host: { value: 'HOST', description: 'address (default: 127.0.0.1); another than this machine needs a key' },
    'api-key': { value: 'KEY', description: 'key that clients have to send (default: MULTI_LORA_API_KEY)' },
    'allow-server': {
      value: 'URL',
      list: 'items',
      description: 'a server elsewhere, of the engines of a recipe, that may get prompts',
    },
  },
  positionals: [0, 1],
  examples: [
    'examples/experts/experts.lora.json',
    '--model embedded --adapter math=./math-adapter --port 0',
    'experts.lora.json --host 0.0.0.0 --api-key SECRET',
  ],
  runsUntilStopped: true,
  asksForOthers: true,

  async run({ args, terminal, json, signal, engine }) {
    // No other verb needs what it is made of.
    const { startServer } = await import('../../server/startServer.ts');
    const server = await startServer(engine, {
      source: sourceOf(args),
      adapters: adaptersOf(args.list('adapter') ?? []),
      host: args.text('host'),
      port: portOf(args),
      apiKey: args.text('api-key') ?? (process.env.MULTI_LORA_API_KEY || undefined),
    });
    if (json) terminal.printJson({ url: server.url });
    else printServer(server, terminal);
    if (!signal.aborted) await once(signal, 'abort');
    await server.close();
    return 0;
  },
};

/** As `ask`: without a recipe or a base, the trained example where there is one, else the embedded base. */
function sourceOf(args: Arguments): Source {
  const [recipe] = args.positionals;
  const base = args.text('model');
  if (recipe !== undefined && base !== undefined)
    throw new WorkbenchError('badRequest', 'a recipe names its base; leave --model out');
  if (recipe !== undefined) return { recipe: resolve(recipe) };
  if (base !== undefined) return { base: basePath(base) };
  return existsSync(exampleRecipe) ? { recipe: exampleRecipe } : {};
}

function adaptersOf(given: string[]): Record<string, string> {
  const adapters: Record<string, string> = {};
  for (const each of given) {
    const [, name, folder] = /^([^=]+)=(.+)$/s.exec(each) ?? [];
    if (!name || !folder)
      throw new WorkbenchError('badRequest', `--adapter ${each} has no name`, `Write: --adapter NAME=${each}`);
    if (Object.hasOwn(adapters, name)) throw new WorkbenchError('badRequest', `--adapter names '${name}' twice`);
    adapters[name] = resolve(folder);
  }
  return adapters;
}

function portOf(args: Arguments): number {
  const port = args.number('port') ?? defaultPort;
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new WorkbenchError('badRequest', `--port is a whole number from 0 to 65535, not ${port}`);
}

function printServer({ url, models }: RunningServer, terminal: Terminal): void {
  const body = JSON.stringify({ model: models[0], messages: [{ role: 'user', content: 'What is 47 + 38?' }] });
  terminal.print(`${url}  for clients of the OpenAI API`);
  terminal.print(`models  ${models.join(', ')}`);
  terminal.print(`try     curl ${url}/chat/completions -H 'Content-Type: application/json' -d '${body}'`);
  terminal.print('Ctrl-C ends it.');
}
