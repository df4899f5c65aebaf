import { dirname } from 'node:path';
import { l10n, type Uri, window } from 'vscode';
import type { DescribedBase } from '../../protocol/engine/experts.ts';
import type { PlannedExpert } from '../../protocol/engine/training.ts';
import { canResume } from '../../protocol/runState.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { bytes, listing, plural } from '../../text/numbers.ts';
import { parsePlace, placeName } from '../../text/trainingPlace.ts';
import { askToGoOn, mayReplace } from '../runs/chooseTarget.ts';
import type { Run } from '../runs/run.ts';
import type { Runs } from '../runs/runs.ts';
import type { TrainingPlaces } from '../runs/trainingPlaces.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';
import { choosePlace } from './choosePlace.ts';
import type { FollowRun } from './followRun.ts';
import { tellStart } from './tellStart.ts';

interface TrainElsewhere {
  engine: HostEngine;
  runs: Runs;
  places: TrainingPlaces;
  messages: Messages;
  follow: FollowRun;
}

/**
 * Trains experts of a recipe on a machine that the user chooses, a run for each: on a cluster all at once, which has a queue,
 * elsewhere one after the other. Gives the first run; undefined where none is wanted.
 */
export async function trainElsewhere(
  services: TrainElsewhere,
  recipe: Uri,
  experts: readonly string[],
): Promise<Run | undefined> {
  const { engine, runs, places, messages, follow } = services;
  const on = await choosePlace(places);
  if (!on) return undefined;
  await runs.found();
  const left = experts.map(name => lastRun(runs, recipe, name)).filter(run => isLeft(run, on));
  const goesOn = left[0] ? await askToGoOn(left[0]) : false;
  if (goesOn === undefined) return undefined;
  if (!goesOn && !(await mayReplace(engine, recipe, { only: [...experts] }))) return undefined;
  if (!goesOn && !(await maySend(engine, recipe, experts, on))) return undefined;
  await places.keep(on);

  const begin = async (name: string): Promise<Run> => {
    const before = goesOn ? left.find(run => run?.experts[0] === name) : undefined;
    const run = before?.resume() ?? (await runs.train(recipe, { only: [name], on }));
    void tellStart(run, undefined).catch(messages.error);
    void follow(run);
    return run;
  };
  const isCluster = parsePlace(on.place)?.kind === 'ray';
  const goOn = async (first: Run, others: readonly string[]) => {
    let last = first;
    for (const name of others) {
      if (!isCluster) await last.ended;
      // What ended one of them would end the next.
      if (!isCluster && last.state !== 'done') return;
      last = await begin(name);
    }
  };
  const [name, ...others] = experts;
  if (name === undefined) return undefined;
  const first = await begin(name);
  void goOn(first, others).catch(messages.error);
  return first;
}

function lastRun(runs: Runs, recipe: Uri, expert: string): Run | undefined {
  return runs.of(recipe).find(run => run.kind === 'train' && run.experts.join() === expert);
}

/** It was begun there in this way, and has not come to its end. */
function isLeft(run: Run | undefined, on: TrainingPlace): run is Run {
  return (
    run !== undefined &&
    run.on?.place === on.place &&
    run.on.python === on.python &&
    canResume(run) &&
    run.progress !== undefined
  );
}

/** Milliseconds that the question waits for how many examples there are. */
const patience = 10_000;

/** Says what would go to another machine and what has to be there, and whether the user wants that. */
async function maySend(
  engine: HostEngine,
  recipe: Uri,
  experts: readonly string[],
  on: TrainingPlace,
): Promise<boolean> {
  const request = { recipe: recipe.fsPath };
  const only = [...experts];
  const [{ base }, planned] = await Promise.all([
    engine.request('describe', request),
    engine.request('plan', { ...request, only }, { signal: AbortSignal.timeout(patience) }).then(
      plan => plan.experts,
      // What is wrong with the data the training says.
      () => [],
    ),
  ]);
  const train = l10n.t('Send and Train');
  const message = l10n.t('Train {0} on {1}?', listing(only), placeName(on));
  const detail = [
    dataText(experts, planned),
    await baseText(base, recipe),
    needText(on),
    ...(experts.length > 1 ? [orderText(on)] : []),
  ].join('\n\n');
  return (await window.showInformationMessage(message, { modal: true, detail }, train)) === train;
}

function dataText(experts: readonly string[], planned: readonly PlannedExpert[]): string {
  const examples = (name: string) => {
    const found = planned.find(expert => expert.name === name)?.examples;
    return found === undefined ? name : `${name} (${plural(found, 'example')})`;
  };
  return l10n.t(
    'Sent there: the training and validation data of {0}, as text and as tokens.',
    listing(experts.map(examples)),
  );
}

async function baseText({ name, bytes: size }: DescribedBase, recipe: Uri): Promise<string> {
  // What knows the bases of other programs takes longer to load than activation may.
  const { parseBaseName } = await import('../../experiment/baseFolder.ts');
  const { kind } = parseBaseName(name, dirname(recipe.fsPath));
  return kind === 'hub' || kind === 'gguf'
    ? l10n.t('The base {0} is brought there from Hugging Face.', name)
    : l10n.t('The base {0} is sent too, {1}, once to a machine.', name, bytes(size));
}

function needText({ place, python }: TrainingPlace): string {
  const packages = l10n.t('PyTorch, transformers, TRL and PEFT');
  if (parsePlace(place)?.kind === 'ray')
    return l10n.t('Needed: the program ray here, and {0} on the cluster.', packages);
  return python === undefined
    ? l10n.t('Needed there: a shell, tar, and uv, which brings the rest, or a python3 with {0}.', packages)
    : l10n.t('Needed there: a shell, tar, and {0} with {1}.', python, packages);
}

function orderText({ place }: TrainingPlace): string {
  return parsePlace(place)?.kind === 'ray'
    ? l10n.t('Each expert is a job of its own; what has no room waits in the queue.')
    : l10n.t('One is trained after the other. The next one begins while this window is open.');
}
