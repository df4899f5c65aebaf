import { resolve } from 'node:path';
import { mediaFolder, packageVersion, recipeReference } from '../console/packagePaths.ts';
import type { Verb } from '../console/verb.ts';

export const mcpVerb: Verb = {
  name: 'mcp',
  summary: 'Serves agents over the Model Context Protocol, on standard input and output.',
  usage: ['[--workspace FOLDER]'],
  options: {
    workspace: { value: 'FOLDER', description: "what agents' paths are relative to (default: the current folder)" },
    'allow-server': {
      value: 'URL',
      list: 'items',
      description: 'a server elsewhere, of the engines of a recipe, that may get prompts',
    },
  },
  positionals: [0, 0],
  asksForOthers: true,
  examples: ['', '--workspace my-experiments --memory-limit 8GB'],

  async run({ args, terminal, signal, engine }) {
    // The protocol's library, and the schemas of all tools, are for this verb alone.
    const { serveMcp } = await import('../../mcp/serveMcp.ts');
    const end = new AbortController();
    const stop = () => end.abort();
    process.once('SIGTERM', stop);
    signal.addEventListener('abort', stop);
    await serveMcp({
      engine,
      workspace: resolve(args.text('workspace') ?? '.'),
      mediaFolder,
      version: packageVersion(),
      referencePath: recipeReference,
      signal: end.signal,
      note: line => terminal.note(line),
    });
    return 0;
  },
};
