import { WorkbenchError } from '../../src/protocol/errors.ts';
import { reportApi, type ShownReport } from '../../src/protocol/views/report.ts';
import { playRecordings, type Recording } from '../components/plainHost.ts';
import recorded from './recorded.json' with { type: 'json' };

/** As the host sent them: a run of the examples and an earlier one, and a report of made-up numbers. */
const { two, madeUp } = recorded as unknown as Record<'two' | 'madeUp', [ShownReport, ...ShownReport[]]>;
const [first] = two;

function recordingOf(reports: ShownReport[]): Recording<typeof reportApi> {
  return {
    handlers: {
      load: ({ compared }) => ({ reports: reports.slice(0, 1 + compared.length), problems: [] }),
      choose: () => ({ chosen: reports.slice(1).map(({ path }) => path) }),
      // Tests look there.
      save(wanted) {
        Object.assign(window, { saved: wanted });
        return { saved: true };
      },
    },
  };
}

function withReport(change: Partial<ShownReport['report']>): ShownReport {
  return { ...first, report: { ...first.report, ...change } };
}

const markup = '<img src=x onerror="document.title = 1"><b>bold</b>';

const longCurve = Array.from({ length: 10_000 }, (_, i) => ({
  step: i + 1,
  loss: 4 * Math.exp(-i / 2000) + 0.2 + 0.05 * Math.sin(i * i),
  learningRate: 1e-3,
}));

const hostile = withReport({
  recipe: { ...first.report.recipe, name: markup },
  examples: [{ set: markup, system: markup, prompt: markup, expected: markup, got: markup, correct: false }],
});

const changing = recordingOf([first]);
const later = recordingOf([withReport({ recipe: { ...first.report.recipe, name: 'evaluated again' } })]);

playRecordings(reportApi, {
  default: recordingOf(two),
  madeUp: recordingOf(madeUp),
  long: recordingOf([
    withReport({
      curves: [{ expert: 'math', train: longCurve, validation: longCurve.filter((_, i) => i % 100 === 99) }],
    }),
  ]),
  hostile: recordingOf([hostile]),
  broken: {
    handlers: {
      ...recordingOf(two).handlers,
      load() {
        throw new WorkbenchError('badFile', 'runs/report.json is not a report.', 'Evaluate a recipe to make one.');
      },
    },
  },
  changing: {
    ...changing,
    start(view) {
      changing.handlers.load = later.handlers.load;
      view.notify('changed', undefined);
    },
  },
});
