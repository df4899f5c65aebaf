import { baseStamp, readBaseText } from '../../experiment/base.ts';
import { fillTokens } from '../../nn/tokenizer/fillTokens.ts';
import { WorkbenchError } from '../../protocol/errors.ts';

/** By folder, with what its files were when they were read. */
const known = new Map<string, { stamp: string; fills: boolean }>();

/** Whether a base has tokens for filling gaps. Reads what stands between tokens and text alone; false where that cannot be read. */
export async function fillsGaps(folder: string): Promise<boolean> {
  const stamp = await baseStamp(folder);
  const found = known.get(folder);
  if (found?.stamp === stamp) return found.fills;
  try {
    const text = await readBaseText(folder);
    const fills = text !== undefined && fillTokens(text.tokenizer) !== undefined;
    known.set(folder, { stamp, fills });
    return fills;
  } catch (error) {
    // Who loads the base says what is wrong with it.
    if (error instanceof WorkbenchError) return false;
    throw error;
  }
}
