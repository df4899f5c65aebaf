import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  CancellationError,
  type Disposable,
  type Event,
  EventEmitter,
  l10n,
  type Memento,
  Uri,
  window,
  workspace,
} from 'vscode';
import { globs, recipeEnding } from '../../experiment/paths.ts';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import { openRunFolder, type RunFolder } from '../../experiment/runs.ts';
import type { TrainRequest } from '../../protocol/engine/training.ts';
import type { WorkbenchError } from '../../protocol/errors.ts';
import type { RunRecord } from '../../protocol/runRecord.ts';
import { canResume, type RunKind, runId } from '../../protocol/runState.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { errorText } from '../services/messages.ts';
import { requireTrust } from '../services/requireTrust.ts';
import { isLeftUnfinished } from './leftUnfinished.ts';
import { type PerformOptions, performRun } from './performRun.ts';
import { createRun, type LiveRun, type Run } from './run.ts';
import { runTitle } from './runText.ts';
import type { TrainingPlaces } from './trainingPlaces.ts';

export interface TrainOptions {
  /** All experts with data without it. */
  only?: string[];
  /** Go on from the last checkpoint where there is one, as the run that wrote it. */
  resume?: boolean;
  /** Begin with a checkpoint of another run. */
  from?: TrainRequest['from'];
  /** Another machine, where a run trains one expert. */
  on?: TrainingPlace;
}

interface EvaluateOptions {
  /** All held-out sets without it. */
  sets?: string[];
  /** Nobody is there to be asked whether prompts may go to a server elsewhere. */
  isUnattended?: boolean;
}

/** The runs of the workspace. */
export interface Runs extends Disposable {
  /** Begins a training; what becomes of it is in the run. */
  train(recipe: Uri, options?: TrainOptions): Promise<Run>;
  evaluate(recipe: Uri, options?: EvaluateOptions): Promise<Run>;
  /** Those of a recipe, newest first: other windows' and earlier sessions' too, once they are found. */
  of(recipe: Uri): Run[];
  all(): Run[];
  /** Resolves when the runs on disk are known. */
  found(): Promise<void>;
  /** The runs that this workspace's last window began, each once it is known that it was left unfinished. */
  leftBehind(): Promise<Run | undefined>[];
  /** Its record's folder; undefined until its engine has made it. */
  folderOf(run: Run): string | undefined;
  /** Its record was deleted. */
  forget(run: Run): void;
  /** A new run, its state, its progress, a new event, or it is forgotten. */
  onDidChange: Event<Run>;
}

/** Milliseconds between two looks at what goes on elsewhere. */
const pause = 2000;
const rememberedKey = 'runs';

/** The runs of this window's engine, and those whose records lie in the workspace. */
export function createRuns(engine: HostEngine, memory: Memento, places: TrainingPlaces): Runs {
  const changed = new EventEmitter<Run>();
  const runs = new Map<string, LiveRun>();
  const folders = new Map<string, RunFolder>();
  /** Trainings that this window began. */
  const begun = new Set<string>();
  let finding: Promise<void> | undefined;
  let looking = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  /** Folders in which runs are looked for. */
  const histories = new Set<string>();
  const leftOver = memory.get<string[]>(rememberedKey, []);

  const watcher = workspace.createFileSystemWatcher(globs.runRecords);
  watcher.onDidCreate(uri => look(dirname(uri.fsPath)));
  watcher.onDidChange(uri => look(dirname(uri.fsPath)));
  watcher.onDidDelete(uri => {
    const path = dirname(uri.fsPath);
    if (folders.get(basename(path))?.path === path) forget(basename(path));
  });

  // Results go with a recipe that gets another path: its runs are found there, and name it by that.
  const renames = workspace.onDidRenameFiles(({ files }) => {
    for (const { oldUri, newUri } of files)
      if (workspace.isTrusted && newUri.path.endsWith(recipeEnding))
        void followMove(oldUri.fsPath, newUri.fsPath).catch(unreadable);
  });

  async function followMove(from: string, to: string): Promise<void> {
    const { followRecipe } = await import('../../experiment/renameResults.ts');
    const results = await readExperimentPaths(to);
    await followRecipe(results, from, to);
    histories.add(results.history);
    const own = await runFolders(results.history);
    await Promise.all(own.map(look));
  }

  const add = (record: RunRecord): LiveRun => {
    const run = createRun(record, Uri.file(record.recipe), {
      resume: again => void perform(again, { resume: true }),
      wantEvents: wanted => {
        if (!wanted.isHere) void readEvents(wanted);
      },
      async ask({ id }, wish) {
        await folders.get(id)?.requestStop(wish);
        return folders.has(id);
      },
      changed: () => changed.fire(run),
      wordsOf: errorText,
    });
    runs.set(run.id, run);
    return run;
  };

  function forget(id: string): void {
    const run = runs.get(id);
    if (!run || run.isHere) return;
    runs.delete(id);
    folders.delete(id);
    changed.fire(run);
  }

  /** Reads what a record on disk says now; one look after the other, so that no event is read twice. */
  function look(path: string): Promise<void> {
    looking = looking.then(() => lookNow(path)).catch(unreadable);
    return looking;
  }

  async function lookNow(path: string): Promise<void> {
    const id = basename(path);
    if (!workspace.isTrusted || runs.get(id)?.isHere) return;
    // One whose results have gone elsewhere with their recipe is found there.
    const last = folders.get(id);
    let folder = last?.path === path ? last : openRunFolder(path);
    const record = await folder.record();
    if (record?.id !== id || runs.get(id)?.isHere) return;
    if (isRenamed(runs.get(id), record)) {
      // All that was read of it has the names of before.
      runs.delete(id);
      folder = openRunFolder(path);
    }
    folders.set(id, folder);
    const known = runs.get(id);
    if (known?.updatedAt === record.updatedAt && known.state === record.state) return;
    const run = known ?? add(record);
    if (run.showsEvents) run.add(await folder.newEvents());
    run.update(record);
  }

  function readEvents(run: LiveRun): Promise<void> {
    looking = looking.then(async () => run.add((await folders.get(run.id)?.newEvents()) ?? [])).catch(unreadable);
    return looking;
  }

  /** Looks at runs that are new, and at those that go on, or may go on, elsewhere. */
  async function lookAround(): Promise<void> {
    const folders = await Promise.all([...histories].map(runFolders));
    const ofInterest = folders.flat().filter(path => {
      const run = runs.get(basename(path));
      return !run?.isHere && run?.state !== 'done';
    });
    await Promise.all(ofInterest.map(look));
  }

  function found(): Promise<void> {
    finding ??= find();
    return finding;
  }

  async function find(): Promise<void> {
    const [recipes, known] = await Promise.all(
      [globs.recipes, globs.runRecords].map(glob => workspace.findFiles(glob, '**/node_modules/**')),
    );
    for (const { history } of await Promise.all(recipes!.map(({ fsPath }) => readExperimentPaths(fsPath))))
      histories.add(history);
    for (const { fsPath } of known!) histories.add(dirname(dirname(fsPath)));
    await lookAround();
    // File events alone do not do: not every file system has them, and users exclude folders of outputs.
    timer = setInterval(() => window.state.focused && void lookAround(), pause);
  }

  /** The window may end at any time: what it leaves unfinished is taken up by the next. */
  const remember = () => {
    const unfinished = [...runs.values()].filter(run => begun.has(run.id) && /running|interrupted/.test(run.state));
    return memory.update(
      rememberedKey,
      unfinished.flatMap(run => folders.get(run.id)?.path ?? []),
    );
  };

  async function perform(run: LiveRun, how: Pick<PerformOptions, 'resume' | 'from' | 'isUnattended'>): Promise<void> {
    if (run.kind === 'train') begun.add(run.id);
    await performRun(run, engine, {
      ...how,
      async begun() {
        if (!how.resume) return;
        await checkPlace(run, places);
        await readEvents(run);
      },
      allowsCut: askToCut,
      recorded(path) {
        folders.set(run.id, folders.get(run.id) ?? openRunFolder(path));
        histories.add(dirname(path));
        void remember();
      },
    });
    await remember();
  }

  function start(
    kind: RunKind,
    recipe: Uri,
    what: Pick<RunRecord, 'experts' | 'sets' | 'on'>,
    how: Pick<PerformOptions, 'from' | 'isUnattended'>,
  ): Run {
    const now = new Date();
    const times = { startedAt: now.getTime(), updatedAt: now.getTime() };
    const id = runId(now, process.pid);
    const run = add({ id, kind, recipe: recipe.fsPath, ...what, state: 'running', pid: process.pid, ...times });
    void perform(run, how);
    return run;
  }

  const all = () => {
    void found();
    return [...runs.values()].sort((a, b) => b.startedAt - a.startedAt);
  };
  const of = (recipe: Uri) => all().filter(run => run.recipe.fsPath === recipe.fsPath);

  return {
    async train(recipe, options = {}) {
      requireTrust();
      const { only } = options;
      if (options.resume) {
        await found();
        const before = of(recipe).find(run => canResume(run) && (!only || sameNames(only, run.experts)));
        if (before) return before.resume();
      }
      return start('train', recipe, { experts: only ?? [], on: options.on }, { from: options.from });
    },
    async evaluate(recipe, { sets, isUnattended } = {}) {
      requireTrust();
      return start('evaluate', recipe, { experts: [], sets }, { isUnattended });
    },
    of,
    all,
    found,
    leftBehind: () =>
      leftOver.map(async path => {
        await look(path);
        const isLeft = workspace.isTrusted && (await isLeftUnfinished(openRunFolder(path), pause));
        await look(path);
        const run = runs.get(basename(path));
        return isLeft && run?.state === 'interrupted' ? run : undefined;
      }),
    forget: ({ id }) => forget(id),
    folderOf: ({ id }) => folders.get(id)?.path,
    onDidChange: changed.event,
    dispose() {
      clearInterval(timer);
      watcher.dispose();
      renames.dispose();
      changed.dispose();
    },
  };
}

/** A record may be a stranger's: where it says that a training goes on, the user has trained before, or is asked. */
async function checkPlace(run: Run, places: TrainingPlaces): Promise<void> {
  const { on } = run;
  if (!on || places.all().some(({ place }) => place === on.place)) return;
  const goOn = l10n.t('Go On There');
  const detail = l10n.t(
    'The record of this training names {0}, where you have not trained from this editor. The data of its experts and the base are sent there.',
    on.place,
  );
  const message = l10n.t('{0}: go on there?', runTitle(run));
  if ((await window.showWarningMessage(message, { modal: true, detail }, goOn)) !== goOn) throw new CancellationError();
  await places.keep(on);
}

/** Asks whether to train although answers are cut; shows how many, and what can be done. */
async function askToCut({ problems, hint = '' }: WorkbenchError): Promise<boolean> {
  const detail = [...problems.map(p => p.message), hint].join('\n\n');
  const train = l10n.t('Train Anyway');
  return (
    (await window.showWarningMessage(l10n.t('Answers do not fit into maxLength.'), { modal: true, detail }, train)) ===
    train
  );
}

/** Its recipe, or an expert, has another name than when it was read. */
function isRenamed(run: Run | undefined, { recipe, experts, state }: RunRecord): boolean {
  if (!run || state === 'running') return false;
  return run.recipe.fsPath !== Uri.file(recipe).fsPath || (run.experts.length > 0 && !sameNames(run.experts, experts));
}

/** A folder that goes away or may not be read holds nothing to show. */
function unreadable(): void {}

function runFolders(history: string): Promise<string[]> {
  return readdir(history).then(
    ids => ids.map(id => join(history, id)),
    () => [],
  );
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(name => b.includes(name));
}
