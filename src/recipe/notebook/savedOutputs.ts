import { parse } from 'jsonc-parser';
import * as z from 'zod/mini';
import { stepOutput } from '../../protocol/notebookOutput.ts';

/** Outputs of steps lie beside their recipe, in `NAME.lora.out.json`, never in it. */

const savedStep = z.object({
  /** The step as it was when it was run. */
  step: z.unknown(),
  /** Which of the session's executions it was. */
  order: z.number(),
  /** Milliseconds since 1970. */
  started: z.number(),
  ended: z.number(),
  succeeded: z.boolean(),
  output: stepOutput,
});
const savedFile = z.object({ version: z.literal(1), steps: z.array(savedStep) });

export type SavedStep = z.infer<typeof savedStep>;

/** Curves have at most some hundred points, answers some thousand characters: a larger file is none of ours. */
export const maxOutputsLength = 50_000_000;

/** Reads an outputs' file; undefined where it is none. */
export function parseOutputs(text: string): SavedStep[] | undefined {
  if (text.length > maxOutputsLength) return undefined;
  const { success, data } = z.safeParse(savedFile, parseJson(text));
  return success ? data.steps : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Text that is no JSON is no file of ours either.
    return undefined;
  }
}

/** In the order given, so that two files can be compared. */
export function outputsText(steps: readonly SavedStep[]): string {
  return `${JSON.stringify({ version: 1, steps }, null, 1)}\n`;
}

/** A step as its outputs know it: how it is written does not matter. */
export function stepValue(cellText: string): unknown {
  return parse(cellText, [], { allowTrailingComma: true });
}

/** What was kept of each step, undefined where it is not what it was; of equal steps the first has the first. */
export function outputsOf(steps: readonly unknown[], saved: readonly SavedStep[]): (SavedStep | undefined)[] {
  const left = new Map<string, SavedStep[]>();
  // The first of each is the last of its list.
  for (const each of saved.toReversed()) {
    const key = JSON.stringify(each.step);
    const same = left.get(key);
    if (same) same.push(each);
    else left.set(key, [each]);
  }
  return steps.map(step => left.get(JSON.stringify(step))?.pop());
}
