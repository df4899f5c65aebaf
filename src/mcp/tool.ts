import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';
import type { EngineClient } from '../client/engineClient.ts';
import { WorkbenchError } from '../protocol/errors.ts';

/** What a tool may use. */
export interface ToolCall {
  engine: Pick<EngineClient, 'request'>;
  /** A path as the agent writes it, from the server's workspace. */
  place(path: string): string;
  /** The server's workspace. */
  workspace: string;
  /** What is shipped, the embedded base with it. */
  mediaFolder: string;
  /** Aborts when the agent gives the call up. */
  signal: AbortSignal;
  progress(told: Told): void;
}

/** How far something is; `total` is 0 where it is not known. */
export interface Told {
  message: string;
  done: number;
  total: number;
}

/** What a tool answers: for the model to read, and the same as data, which is all that some clients show a model. */
export interface ToolAnswer {
  text: string;
  data: Record<string, unknown>;
}

/** One tool of the server. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  /** Of `data`, where it is small enough to be worth the words. */
  output?: z.ZodObject;
  annotations: ToolAnnotations;
  run(input: never, call: ToolCall): Promise<ToolAnswer>;
}

/** A tool whose input is typed by its schema. */
export function defineTool<Input extends z.ZodObject>(
  tool: Omit<Tool, 'input' | 'run'> & {
    input: Input;
    run(input: z.infer<Input>, call: ToolCall): Promise<ToolAnswer>;
  },
): Tool {
  return tool;
}

/** Nothing on disk changes, and asking again gives the same. */
export const reads: ToolAnnotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };
/** Results are added, and none is lost: where one would be, it has to be said. */
export const writes: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };
/** Earlier results may be replaced, where that is said. */
export const replaces: ToolAnnotations = { readOnlyHint: false, destructiveHint: true, openWorldHint: false };

/** Inputs that several tools have. */
export const recipeInput = z.string().min(1).describe('Path of the recipe, *.lora.json, from the workspace.');
export const overwriteInput = z
  .boolean()
  .default(false)
  .describe('Replace what is there already. Ask the user first: it cannot be undone.');
export const weightsInput = z
  .record(z.string(), z.number())
  .describe('Weights of experts, such as {"math": 0.7, "code": 0.3}; negative subtracts what an expert learned.');

/** The refusal of a tool that would replace a result. */
export function refusedOverwrite(what: string, more = ''): WorkbenchError {
  return new WorkbenchError('badRequest', `${what} is there already`, `With "overwrite": true it is replaced.${more}`);
}
