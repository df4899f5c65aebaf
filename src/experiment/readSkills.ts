import { open } from 'node:fs/promises';
import { parseDataset } from '../data/parseDataset.ts';
import { type Skills, skillsOf } from '../data/skills.ts';
import type { Recipe } from '../recipe/schema.ts';
import { readingOf } from '../recipe/settings.ts';
import { findData } from './hubDatasets.ts';

/** Of a file, what is read: a few hundred examples say what an expert learns. */
const mostBytes = 200_000;

/** By file, with when it was written. */
const known = new Map<string, { stamp: string; skills: Skills | undefined }>();

/** What an expert's training data says that it can do; undefined where that cannot be read from its beginning. */
export async function readSkills(
  folder: string,
  data: NonNullable<Recipe['experts'][string]['data']>,
): Promise<Skills | undefined> {
  const [file] = findData(folder, data.train).files;
  if (file === undefined || !/\.(?:jsonl|csv|tsv)$/i.test(file)) return undefined;
  const handle = await open(file).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { size, mtimeMs } = await handle.stat();
    const stamp = JSON.stringify([size, mtimeMs, data]);
    const kept = known.get(file);
    if (kept?.stamp === stamp) return kept.skills;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    // The last line may be cut.
    const whole = bytesRead < size ? text.slice(0, text.lastIndexOf('\n')) : text;
    const { examples } = parseDataset(whole, file, readingOf(data));
    const skills = examples.length > 0 ? skillsOf(examples) : undefined;
    known.set(file, { stamp, skills });
    return skills;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
