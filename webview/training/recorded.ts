import { WorkbenchError } from '../../src/protocol/errors.ts';
import type { Rpc } from '../../src/protocol/rpc.ts';
import {
  type DataPreview,
  type FormField,
  type RunProgressed,
  type ShownCheckpoint,
  type ShownRun,
  type TrainingForm,
  type TrainingPlan,
  trainingApi,
} from '../../src/protocol/views/training.ts';
import { playRecordings, type Recording } from '../components/plainHost.ts';
import recorded from './recorded.json' with { type: 'json' };

interface Recorded {
  loaded: { recipe: string; form: TrainingForm; runs: ShownRun[] };
  plan: TrainingPlan;
  previews: Record<string, DataPreview>;
  curves: Record<string, RunProgressed>;
  checkpoints: Record<string, ShownCheckpoint[]>;
}

/** As a host over the real engine sent them: two runs, one that is done and one that is paused. */
const real = recorded as unknown as Recorded;

/** What the page has asked for; tests look there. */
const seen = {
  edits: [] as unknown[],
  saved: 0,
  opened: 0,
  planned: [] as string[][],
  begun: [] as unknown[],
  promoted: [] as unknown[],
};
Object.assign(window, { seen });

/** A host that remembers what is written, and trains by telling a recorded run's steps again. */
function recordingOf(from: Recorded, everyMs = 20): Recording<typeof trainingApi> {
  const { loaded, plan, previews, curves, checkpoints } = structuredClone(from);
  const { form, runs } = loaded;
  let view: Rpc<typeof trainingApi.toView> | undefined;
  const [, source] = Object.entries(curves).at(0) ?? [];
  const timers = new Map<string, ReturnType<typeof setInterval>>();

  const tellRuns = () => view?.notify('runs', { runs });
  const tellForm = () => view?.notify('form', form);
  const runOf = (id: string) => runs.find(run => run.id === id)!;

  function setState(id: string, change: Partial<ShownRun>): void {
    Object.assign(runOf(id), change);
    tellRuns();
  }

  function begin(experts: string[]): { run: string } {
    const id = `run-${runs.length + 1}`;
    const total = source!.last!.steps;
    runs.unshift({
      ...{ id, experts, state: 'running', startedAt: Date.now(), isHere: true, canResume: false },
      progress: { message: 'training', done: 0, total },
    });
    curves[id] = { run: id, isWhole: true, experts: [] };
    checkpoints[id] = [];
    seen.begun.push({ experts });
    goOn(id);
    return { run: id };
  }

  function goOn(id: string): void {
    const { total } = runOf(id).progress!;
    setState(id, { state: 'running', canResume: false });
    const timer = setInterval(() => {
      const done = runOf(id).progress!.done + 1;
      const at = <P extends { step: number }>(points: P[]) => points.filter(({ step }) => step === done);
      const fresh: RunProgressed = {
        run: id,
        isWhole: false,
        experts: source!.experts.map(e => ({
          ...{ name: e.name, train: at(e.train), validation: at(e.validation), rates: at(e.rates) },
        })),
        last: { ...source!.last!, step: done, secondsLeft: total - done },
        ...(done === total && { checkpoint: done }),
      };
      curves[id] = merged(curves[id]!, fresh);
      view?.notify('progressed', fresh);
      setState(id, { progress: { message: 'training', done, total } });
      if (done === total) end(id, { state: 'done' });
    }, everyMs);
    timers.set(id, timer);
  }

  function end(id: string, change: Partial<ShownRun>): void {
    clearInterval(timers.get(id));
    const step = runOf(id).progress!.done;
    checkpoints[id] = [{ ...Object.values(from.checkpoints)[0]![0]!, step }];
    view?.notify('progressed', { run: id, isWhole: false, experts: [], checkpoint: step });
    setState(id, { canResume: change.state !== 'done', ...change });
  }

  return {
    start(line) {
      view = line;
    },
    handlers: {
      load: () => loaded,
      edit(wanted) {
        seen.edits.push(wanted);
        form.isSaved = false;
        for (const field of fieldsOf(form)) write(field, wanted.path, wanted.value);
        tellForm();
      },
      save() {
        seen.saved++;
        form.isSaved = true;
        tellForm();
      },
      openRecipe() {
        seen.opened++;
      },
      plan({ experts }) {
        seen.planned.push(experts);
        return { ...plan, experts: plan.experts.filter(({ name }) => experts.includes(name)) };
      },
      preview: ({ expert, rows }) => ({ ...previews[expert]!, rows: previews[expert]!.rows.slice(0, rows) }),
      start: ({ experts }) => begin(experts),
      pause: ({ run }) => end(run, { state: 'paused' }),
      stop: ({ run }) => end(run, { state: 'stopped' }),
      resume: ({ run }) => goOn(run),
      follow: ({ run }) => curves[run]!,
      checkpoints: ({ run }) => ({ checkpoints: checkpoints[run] ?? [] }),
      restore(wanted) {
        seen.begun.push(wanted);
        return begin(runOf(wanted.run).experts);
      },
      promote(wanted) {
        seen.promoted.push(wanted);
        return { previous: '/runs/two/previous/math' };
      },
    },
  } as Recording<typeof trainingApi>;
}

function fieldsOf({ scopes }: TrainingForm): FormField[] {
  return scopes.flatMap(({ sections }) => sections.flatMap(({ fields }) => fields));
}

/** What the recipe's host works out: a setting of all experts holds for each that says nothing of it. */
function write(field: FormField, path: FormField['path'], value: unknown): void {
  const own = JSON.stringify(field.path);
  if (own === JSON.stringify(path))
    Object.assign(field, { isWritten: value !== undefined, value: value ?? field.otherwise });
  else if (field.path[0] === 'experts' && JSON.stringify(field.path.slice(2)) === JSON.stringify(path)) {
    field.otherwise = value;
    if (!field.isWritten) field.value = value;
  }
}

function merged(known: RunProgressed, fresh: RunProgressed): RunProgressed {
  const experts = fresh.experts.map(e => {
    const before = known.experts.find(({ name }) => name === e.name);
    return {
      name: e.name,
      train: [...(before?.train ?? []), ...e.train],
      validation: [...(before?.validation ?? []), ...e.validation],
      rates: [...(before?.rates ?? []), ...e.rates],
    };
  });
  return { ...known, ...fresh, isWhole: true, experts };
}

function changed(change: (copy: Recorded) => void): Recorded {
  const copy = structuredClone(real);
  change(copy);
  return copy;
}

const markup = '<img src=x onerror="document.title = 1"><b>bold</b>';
const failing = (method: 'load' | 'plan' | 'edit', error: WorkbenchError) => {
  const recording = recordingOf(real);
  const refuse = () => {
    throw error;
  };
  return { ...recording, handlers: { ...recording.handlers, [method]: refuse } };
};

playRecordings(trainingApi, {
  default: recordingOf(real),
  /** Nothing has been trained; slow enough to be paused and stopped before its end. */
  fresh: recordingOf(
    changed(({ loaded }) => {
      loaded.runs = [];
    }),
    250,
  ),
  /** A step takes a while. */
  slow: recordingOf(real, 1000),
  /** A run of ten thousand steps. */
  long: recordingOf(
    changed(({ loaded, curves }) => {
      const [run] = loaded.runs;
      const points = Array.from({ length: 10_000 }, (_, i) => ({ step: i + 1, loss: 2 / Math.sqrt(i + 1) }));
      curves[run!.id]!.experts = ['math', 'code'].map(name => ({
        ...{ name, train: points, validation: points.filter((_, i) => i % 100 === 99) },
        rates: points.map(({ step }) => ({ step, rate: 0.001 })),
      }));
    }),
  ),
  noExperts: recordingOf(
    changed(({ loaded }) => {
      loaded.form.experts = [];
      loaded.form.scopes.length = 1;
      loaded.runs = [];
    }),
  ),
  problems: recordingOf(
    changed(({ loaded: { form } }) => {
      form.isValid = false;
      form.problems = ["blends.both.qa: no expert is called 'qa'; there are: math, code"];
      const rank = fieldsOf(form).find(({ label }) => label === 'Rank')!;
      Object.assign(rank, { value: 'eight', problem: 'Expected number, got "eight"' });
    }),
  ),
  noRecipe: recordingOf(
    changed(({ loaded: { form } }) => {
      Object.assign(form, { scopes: [], experts: [], isValid: false, problems: ['close brace expected at line 9'] });
    }),
  ),
  tooLarge: recordingOf(
    changed(({ plan }) => {
      Object.assign(plan, { fits: false, budgetBytes: 4e8, isLimit: true });
    }),
  ),
  hostile: recordingOf(
    changed(({ loaded, previews, plan }) => {
      loaded.recipe = markup;
      loaded.form.problems = [markup];
      for (const field of fieldsOf(loaded.form)) field.help = markup;
      loaded.runs[0]!.state = 'failed';
      loaded.runs[0]!.message = markup;
      previews.math!.rows[0]!.tokens[0]!.text = markup;
      plan.notes = [markup];
    }),
  ),
  broken: failing(
    'load',
    new WorkbenchError(
      'denied',
      'This workspace is not trusted, so nothing of it is trained or evaluated.',
      'Trust it.',
    ),
  ),
  unplanned: failing('plan', new WorkbenchError('badData', 'math/train.jsonl has problems:\n  line 3: no answer')),
});
