import { writeFile } from 'node:fs/promises';
import { WorkbenchError } from '../../protocol/errors.ts';

/** Writes a file that is not there yet. Throws `storage` where it is, or cannot be written. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    throw new WorkbenchError('storage', `${path} could not be written (${(error as Error).message})`);
  }
}
