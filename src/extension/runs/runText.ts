import type { TrainStepEvent } from '../../protocol/trainEvents.ts';
import { count, duration, listing } from '../../text/numbers.ts';
import { placeName } from '../../text/trainingPlace.ts';
import type { Run } from './run.ts';

/** What of a run is said in words. */
export type ToldRun = Pick<Run, 'kind' | 'experts' | 'on' | 'state' | 'progress' | 'events' | 'message'> & {
  recipe: { path: string };
};

/** `Training math and code`, `Training math on gpu-box`, `Evaluating three`. */
export function runTitle(run: ToldRun): string {
  return run.kind === 'train' ? `Training ${whoIsTrained(run)}` : `Evaluating ${recipeName(run.recipe)}`;
}

function whoIsTrained({ experts, recipe, on }: ToldRun): string {
  return `${listing(experts) || recipeName(recipe)}${on ? ` on ${placeName(on)}` : ''}`;
}

export function recipeName({ path }: { path: string }): string {
  return (path.split('/').at(-1) ?? path).replace(/(\.lora)?\.json$/, '');
}

/** How far it is: step, losses, speed and the time that is left, or what its engine is doing. */
export function progressText(run: ToldRun): string {
  const step = lastStep(run);
  const { message = 'waiting for the engine', done = 0, total = 0 } = run.progress ?? {};
  if (run.kind === 'train' && step && message === 'training') {
    const { tokensPerSecond, secondsLeft } = step;
    const parts = [
      `step ${step.step}/${step.steps}`,
      lossText(step),
      `${count(tokensPerSecond)} tokens/s`,
      `${duration(secondsLeft)} left`,
    ];
    return parts.join(' · ');
  }
  return total > 0 ? `${message} ${done}/${total}` : message;
}

/** `34 %`; nothing where it is not known of how much, and none of what comes before a training's first step. */
export function percentDone({ kind, progress }: ToldRun): string {
  const isWork = kind === 'evaluate' || progress?.message === 'training';
  return isWork && progress && progress.total > 0 ? `${Math.floor((100 * progress.done) / progress.total)} %` : '';
}

/** `2 min left`, of a training; nothing where it is not known. */
export function timeLeft(run: ToldRun): string {
  const step = run.kind === 'train' && run.progress?.message === 'training' ? lastStep(run) : undefined;
  return step ? `${duration(step.secondsLeft)} left` : '';
}

/** What came of it, in a sentence. */
export function outcomeText(run: ToldRun): string {
  const who = whoIsTrained(run);
  if (run.kind === 'evaluate')
    return run.state === 'done' ? `${recipeName(run.recipe)} is evaluated.` : 'The evaluation was stopped.';
  const step = lastStep(run);
  const at = step ? ` at step ${step.step} of ${step.steps}` : ' before its first step';
  if (run.state === 'done')
    return `${listing(run.experts) || recipeName(run.recipe)}: trained${run.on ? ` on ${placeName(run.on)}` : ''}${step ? `, ${lossText(step)} after ${step.steps} steps` : ''}.`;
  if (run.state === 'interrupted') return `Training ${who} was interrupted${at}.`;
  return `Training ${who} ${run.state === 'paused' ? 'is paused' : 'was stopped'}${at}.`;
}

/** How it stands, in a few words beside what it is of: `34 %, 2 min left`, `loss 0.012 after 1,800 steps`. */
export function stateText(run: ToldRun, expert?: string): string {
  const step = lastStep(run);
  if (run.state === 'running') return [percentDone(run), timeLeft(run)].filter(Boolean).join(', ') || progressText(run);
  if (run.kind === 'evaluate') return run.state === 'done' ? 'evaluated' : run.state;
  if (!step) return run.state === 'done' ? 'trained' : run.state;
  if (run.state !== 'done') return `${run.state} at step ${count(step.step)} of ${count(step.steps)}`;
  const loss = expert === undefined ? undefined : step.experts[expert]?.loss;
  return `${loss === undefined ? 'trained' : `loss ${loss.toFixed(3)}`} after ${count(step.steps)} steps`;
}

function lossText({ experts }: TrainStepEvent): string {
  const losses = Object.entries(experts);
  const told = losses.map(([name, { loss }]) => `${losses.length > 1 ? `${name} ` : ''}${loss.toFixed(3)}`);
  return `loss ${told.join(', ')}`;
}

function lastStep({ events }: ToldRun): TrainStepEvent | undefined {
  return events.findLast(event => event.type === 'step');
}
