import { once } from 'node:events';
import { resolve } from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import { readText } from '../experiment/files.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { visibleText } from '../protocol/visibleText.ts';
import { createProgress } from './progressOf.ts';
import type { Tool, ToolCall } from './tool.ts';
import { tools } from './tools/toolTable.ts';

export interface McpOptions extends Pick<ToolCall, 'engine' | 'workspace' | 'mediaFolder'> {
  version: string;
  /** The page that explains recipes. */
  referencePath: string;
  /** Ends the server. */
  signal: AbortSignal;
  /** What is wrong with messages of the client, for the log. */
  note(line: string): void;
}

const instructions = `Trains LoRA experts on one frozen base, routes prompts to them or blends them, merges and measures them. An experiment is a recipe, NAME.lora.json; the resource multi-lora://recipe-reference explains every key.
Order of work: write the recipe, check_recipe until it has no errors, preview_data, plan, train, evaluate, then ask, merge or export.
Training takes minutes to hours. Pass "background": true and watch with follow_run where the client ends calls after a minute.
Paths are from the workspace. What would replace results is refused without "overwrite": true.`;

/** Serves the Model Context Protocol over standard streams; resolves when the client is gone or the signal aborts. */
export async function serveMcp({ version, referencePath, signal, note, ...services }: McpOptions): Promise<void> {
  const server = new McpServer(
    { name: 'multi-lora', title: 'Multi-LoRA Workbench', version },
    { instructions, jsonSchemaValidator: { getValidator } },
  );
  for (const tool of tools) register(server, tool, services);
  server.registerResource(
    'recipe-reference',
    'multi-lora://recipe-reference',
    {
      title: 'Recipe reference',
      description: 'Every key of a recipe, with its default, and every problem that one can have.',
      mimeType: 'text/markdown',
    },
    async uri => ({
      contents: [{ uri: uri.href, mimeType: 'text/markdown', text: await readText(referencePath, 'the reference') }],
    }),
  );
  server.server.onerror = error => note(error.message);
  await server.connect(new StdioServerTransport());
  // The transport does not look whether there is somebody at the other end.
  const gone = [once(process.stdin, 'end'), once(process.stdin, 'close'), once(signal, 'abort')];
  if (!signal.aborted) await Promise.race(gone);
  await server.close();
}

/** Of what a client's user is asked for, in place of the library's own, which bundles leave out: nothing is asked for here. */
function getValidator(): never {
  throw new WorkbenchError('unsupported', 'clients are asked for nothing');
}

type Services = Pick<ToolCall, 'engine' | 'workspace' | 'mediaFolder'>;

function register(server: McpServer, tool: Tool, services: Services): void {
  const { name, title, description, input, output, annotations } = tool;
  const config = { title, description, inputSchema: input, ...(output && { outputSchema: output }), annotations };
  server.registerTool(name, config, async (given, extra): Promise<CallToolResult> => {
    try {
      const { text, data } = await tool.run(given as never, callOf(extra, services));
      return { content: [{ type: 'text', text: visibleText(text) }], structuredContent: data };
    } catch (error) {
      return { content: [{ type: 'text', text: errorAnswer(error) }], isError: true };
    }
  });
}

function callOf(extra: RequestHandlerExtra<ServerRequest, ServerNotification>, services: Services): ToolCall {
  const progressToken = extra._meta?.progressToken;
  const send = createProgress(params => {
    const told = { method: 'notifications/progress', params: { progressToken: progressToken!, ...params } } as const;
    // Nobody may listen any more.
    void extra.sendNotification(told).catch(() => {});
  });
  return {
    ...services,
    signal: extra.signal,
    place: path => resolve(services.workspace, path),
    progress: told => progressToken !== undefined && send({ ...told, message: visibleText(told.message) }),
  };
}

/** What failed, why, and what to do about it. */
function errorAnswer(error: unknown): string {
  if (!(error instanceof WorkbenchError)) return visibleText(error instanceof Error ? error.message : String(error));
  const { code, message, hint, problems } = error;
  const isListed = problems.some(p => message.includes(visibleText(p.message)));
  return [
    `${code}: ${message}`,
    ...(isListed ? [] : problems.map(p => `  ${visibleText(p.message)}`)),
    ...(hint ? [`hint: ${hint}`] : []),
  ].join('\n');
}
