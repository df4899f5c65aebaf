import { mkdir, readdir, rename, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { WorkbenchError } from '../protocol/errors.ts';
import { parseReport } from '../report/parseReport.ts';
import { reportHtml } from '../report/reportHtml.tsx';
import { keptSteps, readCheckpoint, writeCheckpoint } from './checkpoints.ts';
import { checkNoLinks } from './checkResults.ts';
import { isThere, readText, storageError, writeFileAtomic } from './files.ts';
import { isHeld, withExpertLocks } from './locks.ts';
import { keptCheckpointPath, notebookOutputsPath, type ResultPaths, runPaths } from './paths.ts';
import { namesInResults, type Renamed, renameIn } from './resultNames.ts';

/**
 * Lets the results of a recipe follow a new name: of an expert its adapter with those before it, its training's record,
 * its checkpoints, and wherever runs, scores, sweeps, reports and outputs of steps name it; of a merge its folder. What
 * was begun and broken off is ended when it is asked for again. Throws `badRequest` where the new name has results
 * already, `busy` while the expert is being trained.
 */
export async function renameResults(recipe: string, paths: ResultPaths, renamed: Renamed): Promise<void> {
  await renameInJson(notebookOutputsPath(recipe), namesInResults.outputs, renamed);
  if (!(await isThere(paths.output))) return;
  await checkNoLinks(paths.parts);
  const follow = () => renameAll(paths, renamed);
  const { kind, from, to } = renamed;
  if (kind === 'expert') await withExpertLocks(paths, [from, to], follow);
  else await follow();
}

/** Why the results of what is renamed could not follow it; undefined where they can. */
export async function renameRefusal(paths: ResultPaths, renamed: Renamed): Promise<string | undefined> {
  const { kind, from, to } = renamed;
  if (kind === 'expert' && (await isHeld(paths.expertLock(from))))
    return `'${from}' is being trained. Rename it when that has ended.`;
  for (const [, free] of await movesOf(paths, renamed)) if (await isThere(free)) return isTaken(free, to).message;
  return undefined;
}

/** Lets the records of runs name a recipe by its new path, to which its results have gone with it. */
export async function followRecipe(results: ResultPaths, from: string, to: string): Promise<void> {
  for (const run of await entries(results.history)) {
    const { folder, record } = runPaths(join(results.history, run));
    if (!(await isThere(record))) continue;
    const json = parsed(await readText(record, 'the record of a run')) as { recipe?: unknown } | undefined;
    // Of its folder nothing can be said: a folder that was moved has another path from here.
    if (typeof json?.recipe !== 'string' || basename(json.recipe) !== basename(from)) continue;
    json.recipe = relative(folder, to).split(sep).join('/');
    await writeFileAtomic(record, `${JSON.stringify(json, null, 1)}\n`);
  }
}

async function renameAll(paths: ResultPaths, renamed: Renamed): Promise<void> {
  const { kind, from, to } = renamed;
  const moves = await movesOf(paths, renamed);
  for (const [, free] of moves) if (await isThere(free)) throw isTaken(free, to);
  for (const run of await entries(paths.history)) await renameInRun(join(paths.history, run), renamed);
  if (kind === 'expert') await renameLastCheckpoints(paths, renamed);
  await renameInJson(paths.trainingRecord(from), namesInResults.trainingRecord, renamed);
  await renameInJson(paths.scores, namesInResults.scores, renamed);
  for (const file of await sweepsOf(paths, from, '.json')) await renameInJson(file, namesInResults.sweep, renamed);
  const earlier = dirname(paths.earlierReport(new Date(0)));
  for (const folder of [paths.output, ...(await entries(earlier)).map(name => join(earlier, name))])
    await renameInReport(join(folder, basename(paths.report)), join(folder, basename(paths.reportPage)), renamed);
  // Last of all: where they are not moved yet, the whole is done again.
  for (const [own, free] of moves) await move(own, free);
}

function isTaken(place: string, name: string): WorkbenchError {
  return new WorkbenchError(
    'badRequest',
    `there are results of '${name}' already: ${place}`,
    'Take another name, or move them elsewhere.',
  );
}

/** What lies under the old name, and where it goes. */
async function movesOf(paths: ResultPaths, { kind, from, to }: Renamed): Promise<[string, string][]> {
  const moves: [string, string][] = [];
  if (kind === 'merge') moves.push([paths.merge(from), paths.merge(to)]);
  if (kind === 'expert') {
    moves.push([paths.trainedAdapter(from), paths.trainedAdapter(to)]);
    moves.push([paths.trainingRecord(from), paths.trainingRecord(to)]);
    const previous = dirname(paths.previousAdapter(from));
    for (const name of await entries(previous)) {
      const [own, number] = name.split('~');
      if (own === from && /^\d*$/.test(number ?? ''))
        moves.push([join(previous, name), paths.previousAdapter(to, number ? Number(number) : undefined)]);
    }
    for (const ending of ['.json', '.html'])
      for (const file of await sweepsOf(paths, from, ending))
        moves.push([file, join(dirname(file), to + basename(file).slice(from.length))]);
  }
  const there = await Promise.all(moves.map(([own]) => isThere(own)));
  return moves.filter((_, i) => there[i]);
}

async function sweepsOf(paths: ResultPaths, expert: string, ending: string): Promise<string[]> {
  const folder = dirname(paths.sweep(expert, '').data);
  const names = await entries(folder);
  const isOwn = (name: string) =>
    name.startsWith(`${expert}-`) && /^-[0-9a-f]{16}\.\w+$/.test(name.slice(expert.length));
  return names.filter(name => isOwn(name) && name.endsWith(ending)).map(name => join(folder, name));
}

async function renameInRun(folder: string, renamed: Renamed): Promise<void> {
  const { record, events, checkpoints } = runPaths(folder);
  if (!(await isThere(record))) return;
  await renameInJson(record, namesInResults.runRecord, renamed, json => {
    const { adapters = [] } = (json as { result?: { adapters?: { name: string; adapter: string }[] } }).result ?? {};
    for (const adapter of adapters)
      if (adapter.name === renamed.to) adapter.adapter = adapter.adapter.replace(/[^/\\]*$/, renamed.to);
  });
  if (renamed.kind !== 'expert') return;
  await renameInLines(events, renamed);
  for (const step of await keptSteps(checkpoints)) {
    const path = keptCheckpointPath(checkpoints, step);
    await renameInCheckpoint(path, path, renamed);
  }
}

/** Events are lines, of which the last may not be whole. */
async function renameInLines(path: string, renamed: Renamed): Promise<void> {
  if (!(await isThere(path))) return;
  const lines = (await readText(path, 'the events')).split('\n');
  let isFound = false;
  const written = lines.map(line => {
    const event = parsed(line);
    if (!renameIn(event, namesInResults.trainEvent, renamed)) return line;
    isFound = true;
    return JSON.stringify(event);
  });
  if (isFound) await writeFileAtomic(path, written.join('\n'));
}

/** A name that one checkpoint of several experts has is that of its file, too. */
async function renameLastCheckpoints(paths: ResultPaths, renamed: Renamed): Promise<void> {
  const folder = dirname(paths.checkpoint(['']));
  for (const name of await entries(folder)) {
    const path = join(folder, name);
    const names = (await readCheckpoint(path).catch(() => undefined))?.position.experts ?? {};
    if (!Object.hasOwn(names, renamed.from) || path !== paths.checkpoint(Object.keys(names))) continue;
    const to = paths.checkpoint(Object.keys(names).map(own => (own === renamed.from ? renamed.to : own)));
    await renameInCheckpoint(path, path, renamed);
    await move(path, to);
  }
}

async function renameInCheckpoint(path: string, to: string, renamed: Renamed): Promise<void> {
  // One that cannot be read is of no use under either name.
  const checkpoint = await readCheckpoint(path).catch(() => undefined);
  if (!checkpoint) return;
  const { states, ...head } = checkpoint;
  if (!renameIn(head, namesInResults.checkpointHead, renamed)) return;
  const named = [...states].map(([name, state]) => [name === renamed.from ? renamed.to : name, state] as const);
  await writeCheckpoint(to, { ...head, states: new Map(named) });
}

/** A report and its page, which keep the time they were written at. */
async function renameInReport(path: string, page: string, renamed: Renamed): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (!info || !(await renameInJson(path, namesInResults.report, renamed))) return;
  await utimes(path, info.atime, info.mtime);
  if (!(await isThere(page))) return;
  await writeFileAtomic(page, reportHtml(parseReport(await readText(path, 'the report'), path)));
  await utimes(page, info.atime, info.mtime);
}

type Places = Parameters<typeof renameIn>[1];

async function renameInJson(
  path: string,
  places: Places,
  renamed: Renamed,
  also: (json: unknown) => void = () => {},
): Promise<boolean> {
  if (!(await isThere(path))) return false;
  const text = await readText(path, 'a file of results');
  const json = parsed(text);
  if (!renameIn(json, places, renamed)) return false;
  also(json);
  // As it was written: in one line or in several.
  const indent = /^[[{]\n( +)/.exec(text)?.[1];
  await writeFileAtomic(path, JSON.stringify(json, null, indent) + (text.endsWith('\n') ? '\n' : ''));
  return true;
}

/** Undefined for what is no JSON: nobody reads names from it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function entries(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

async function move(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  } catch (error) {
    throw storageError(error, to);
  }
}
