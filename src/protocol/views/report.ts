import * as z from 'zod/mini';
import { nothing, type ViewApi } from '../contract.ts';
import { reportSchema, reportScore } from '../report.ts';

const accuracy = z.object({
  correct: z.number(),
  total: z.number(),
  accuracy: z.number(),
  low: z.number(),
  high: z.number(),
});

/** How much better this share is than that of the first report. */
const difference = z.object({ difference: z.number(), low: z.number(), high: z.number(), beyondNoise: z.boolean() });

const cell = z.object({
  accuracy: z.optional(accuracy),
  /** To the same system and set of the first report; absent in the first one itself, and where that has none. */
  change: z.optional(difference),
});

const row = z.object({
  system: z.string(),
  kind: reportScore.shape.kind,
  /** One per set. */
  cells: z.array(cell),
  overall: cell,
});

/** A report, and what follows from it. */
const shownReport = z.object({
  path: z.string(),
  /** What tells it apart from others that are shown: recipe and time, or its folder. */
  label: z.string(),
  report: reportSchema,
  rows: z.array(row),
  headline: z.optional(z.object({ label: z.string(), accuracy, base: z.optional(accuracy), asked: z.string() })),
  forgetting: z.object({
    answersLost: z.number(),
    nothingForgotten: z.boolean(),
    hashUnchanged: z.boolean(),
    proof: z.string(),
    sequential: z.optional(z.string()),
  }),
  storage: z.object({
    sharedBytes: z.number(),
    copiesBytes: z.number(),
    ratio: z.number(),
    figure: z.string(),
    unit: z.string(),
    sentence: z.string(),
  }),
});

export type ShownReport = z.infer<typeof shownReport>;
export type ShownRow = z.infer<typeof row>;
export type ShownCell = z.infer<typeof cell>;

const path = z.string();

/** The report view's messages. */
export const reportApi = {
  toHost: {
    requests: {
      /** The view's own report first, then those of these that can be read; why the others can't is in `problems`. */
      load: {
        params: z.object({ compared: z.array(path) }),
        result: z.object({ reports: z.array(shownReport), problems: z.array(z.string()) }),
      },
      /** Lets the user choose reports to compare with; none where the choice was cancelled. */
      choose: { params: z.object({ shown: z.array(path) }), result: z.object({ chosen: z.array(path) }) },
      /** Saves one of the shown reports, or a picture of it, where the user says; false where that was cancelled. */
      save: {
        params: z.discriminatedUnion('format', [
          z.object({ path, format: z.enum(['html', 'markdown', 'json']) }),
          z.object({ path, format: z.literal('png'), name: z.string(), base64: z.string() }),
        ]),
        result: z.object({ saved: z.boolean() }),
      },
    },
    notifications: {},
  },
  toView: {
    requests: {},
    /** One of the shown files has changed. */
    notifications: { changed: nothing },
  },
} as const satisfies ViewApi;
