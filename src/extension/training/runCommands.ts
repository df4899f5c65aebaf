import { l10n, type Uri, window } from 'vscode';
import { reportFile } from '../../experiment/paths.ts';
import { canResume } from '../../protocol/runState.ts';
import { listing } from '../../text/numbers.ts';
import { inNotification } from '../../text/shown.ts';
import { auto } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import { askOfRecipe } from '../chat/openChat.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { ensureHeldOutSets } from '../recipe/heldOutSets.ts';
import { openReportView } from '../report/reportEditor.ts';
import { chooseExperts, chooseRecipe, chooseResume, chooseRun, mayReplace } from '../runs/chooseTarget.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import { outcomeText } from '../runs/runText.ts';
import type { TrainingPlaces } from '../runs/trainingPlaces.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';
import { createFollowRun, type FollowRun, openReport } from './followRun.ts';
import { estimateOf, tellStart } from './tellStart.ts';
import { trainElsewhere } from './trainElsewhere.ts';
import { trainOnFiles } from './trainOnFiles.ts';

/** The commands over runs. Menus and lenses may name the recipe, and with `only` the experts. */
export function createRunCommands(
  runs: Runs,
  engine: HostEngine,
  recipe: ActiveRecipe,
  experts: Experts,
  messages: Messages,
  places: TrainingPlaces,
) {
  const follow = createFollowRun(messages, { ask, evaluate });

  async function ask(run: Run): Promise<void> {
    const [name, ...others] = run.experts;
    const choice = name && others.length === 0 ? ({ kind: 'expert', name } as const) : auto;
    await askOfRecipe(recipe, experts, run.recipe, choice);
  }

  async function evaluate(named?: Uri): Promise<void> {
    const chosen = await chooseRecipe(recipe, named, 'Recipe to evaluate');
    const added = chosen && (await ensureHeldOutSets(engine, chosen));
    if (!added) return;
    if (added.toTrain.length > 0 && !(await evaluatesSeen(chosen, added.toTrain))) return;
    void follow(await runs.evaluate(chosen));
  }

  /** What was set aside just now has been learned: whether it is measured all the same, or the experts learn without it. */
  async function evaluatesSeen(chosen: Uri, names: string[]): Promise<boolean> {
    const [again, anyway] = [l10n.t('Train Again'), l10n.t('Evaluate Anyway')];
    const message = l10n.t(
      '{0} learned from the examples that are now set aside, so the scores would mean nothing.',
      listing(names),
    );
    const detail = l10n.t('Train again without them, then evaluate.');
    const picked = await window.showWarningMessage(message, { modal: true, detail }, again, anyway);
    if (picked === again) void follow(await runs.train(chosen, { only: names }));
    return picked === anyway;
  }

  async function train(named?: Uri, options?: { only?: string[] }): Promise<void> {
    const chosen = await chooseRecipe(recipe, named, 'Recipe whose experts are trained');
    if (!chosen) return;
    const only = options?.only ?? (await chooseExperts(engine, chosen));
    const resume = only && (await chooseResume(runs, chosen, only));
    if (resume === undefined) return;
    if (!resume && !(await mayReplace(engine, chosen, { only }))) return;
    const estimate = resume ? undefined : await estimateOf(engine, chosen, only);
    const run = await runs.train(chosen, { only, resume });
    void tellStart(run, estimate).catch(messages.error);
    void follow(run);
  }

  /** On another machine that the user chooses; gives the first run there. */
  const trainThere = (chosen: Uri, only: string[]) =>
    trainElsewhere({ engine, runs, places, messages, follow }, chosen, only);

  const ofRecipe = async (named: Uri | undefined) => {
    await runs.found();
    return named ? runs.of(named) : runs.all();
  };

  return {
    /** Shows a run until it ends. */
    follow: (run: Run): void => void follow(run),
    /** Takes up what the window's last session left unfinished. */
    restore: () => restoreRuns(runs, follow).catch(messages.error),
    trainElsewhere: trainThere,
    handlers: {
      'multiLora.train': train,
      async 'multiLora.trainOn'(named?: Uri, options?: { only?: string[] }) {
        const chosen = await chooseRecipe(recipe, named, 'Recipe whose experts are trained');
        const title = l10n.t('Experts to train on another machine');
        const only = chosen && (options?.only ?? (await chooseExperts(engine, chosen, title)));
        if (only) await trainThere(chosen, only);
      },
      'multiLora.trainOnFile': (uri?: Uri, uris?: Uri[]) =>
        trainOnFiles(engine, recipe, uris ?? (uri ? [uri] : []), (made, only) => train(made, { only })),
      'multiLora.evaluate': evaluate,
      async 'multiLora.resumeTraining'(named?: Uri) {
        const all = (await ofRecipe(named)).filter(run => canResume(run) && isLatest(run, runs));
        const run = await meant(named, all, 'Training to go on with', 'There is no training to go on with.');
        if (run) void follow(run.resume());
      },
      async 'multiLora.stopTraining'(named?: Uri) {
        const running = (await ofRecipe(named)).filter(run => run.state === 'running');
        const run = await meant(named, running, 'Run to stop', 'Nothing is being trained or evaluated.');
        await run?.stop();
      },
      async 'multiLora.openReport'(named?: Uri) {
        // Menus of the explorer and of editors name the file itself.
        if (named?.path.endsWith(`/${reportFile}`)) return openReportView(named);
        const reports = (await ofRecipe(named)).filter(run => run.result?.reportPath);
        // An evaluation writes over the report of the one before.
        const latest = [...new Map(reports.reverse().map(run => [run.result!.reportPath, run])).values()];
        const none = l10n.t('There is no report yet: evaluate a recipe first.');
        const run = await meant(named, latest, 'Report to open', none);
        if (run) await openReport(run);
      },
    },
  };
}

/** The only run of a recipe that is named, else the user's pick. */
async function meant(named: Uri | undefined, candidates: Run[], title: string, none: string): Promise<Run | undefined> {
  return named && candidates.length === 1 ? candidates[0] : chooseRun(candidates, title, none);
}

/** No later training of the same experts has taken its place. */
export function isLatest(run: Run, runs: Runs): boolean {
  return runs.of(run.recipe).find(r => r.kind === 'train' && r.experts.join() === run.experts.join()) === run;
}

/** Milliseconds after which an interrupted training is offered to be resumed, and does not go on by itself. */
const reload = 300_000;

/** Takes up the trainings that this workspace's last window left: at once after a reload, else when the user wants it. */
async function restoreRuns(runs: Runs, follow: FollowRun): Promise<void> {
  await Promise.all(runs.leftBehind().map(left => left.then(run => run && restore(run, follow))));
}

async function restore(run: Run, follow: FollowRun): Promise<void> {
  if (
    Date.now() - run.updatedAt > reload &&
    (await window.showInformationMessage(inNotification(outcomeText(run)), l10n.t('Resume'))) !== l10n.t('Resume')
  )
    return;
  await follow(run.resume());
}
