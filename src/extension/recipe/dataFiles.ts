import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ExpertData } from '../../recipe/expertData.ts';

const endings = /\.((jsonl|json|csv|tsv)(\.gz)?|parquet)$/i;

/** Whether a file may hold examples, by its name. */
export function isDataFile(path: string): boolean {
  return endings.test(path) && !/\.lora(\.out)?\.json$/i.test(path);
}

/** A path as a recipe in a folder writes it. */
export function pathFrom(folder: string, path: string): string {
  return relative(folder, path).replaceAll('\\', '/');
}

/** What the experts of data files learn from, with held-out and validation data that lie beside these; paths as from a folder. */
export async function expertsData(folder: string, files: readonly string[]): Promise<ExpertData[]> {
  const { pairedData } = await import('../../recipe/expertData.ts');
  const folders = [...new Set(files.map(file => dirname(file)))];
  const beside = await Promise.all(
    folders.map(async each => (await readdir(each).catch(() => [])).map(name => join(each, name))),
  );
  const written = (paths: readonly string[]) => paths.map(path => pathFrom(folder, path));
  return pairedData(written(files), written(beside.flat().filter(isDataFile)));
}
