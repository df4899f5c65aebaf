import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { hashBase } from '../../experiment/base.ts';
import { anyNumber } from '../../protocol/contract.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { parseTrainEvent } from '../../protocol/trainEvents.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { tokenMean } from '../training/sweepPoint.ts';
import {
  isSamePoint,
  type Place,
  type PreparedSweep,
  prepareSweep,
  type RecordedSweep,
  recordSweep,
  type SweepResult,
} from '../training/sweepRecord.ts';
import type { SweepOptions } from '../training/sweepRun.ts';
import { followRun, reasonIn } from './followRun.ts';
import { checkedPlace, jobName, openRun } from './openRun.ts';
import { writeSweepJob } from './writeSweepJob.ts';

export interface SweepElsewhereOptions
  extends Pick<
    SweepOptions,
    'experiment' | 'base' | 'expert' | 'grid' | 'threads' | 'watch' | 'cacheFolder' | 'tell' | 'signal'
  > {
  on: TrainingPlace;
  mediaFolder: string;
  /** Says what is under way. */
  say(message: string): void;
}

/**
 * Trains an expert at each point of a grid on another machine, as sweepExpert does here: the same comparison, into which points
 * come as they are done. On a cluster they are trained at once, as far as there is room. One that fails is told; the
 * others stay. When this engine ends they go on there, and the same sweep comes back to them.
 */
export async function sweepElsewhere(o: SweepElsewhereOptions): Promise<SweepResult> {
  const place = checkedPlace(o.on);
  const data = await prepareSweep(o, o);
  return recordSweep(
    o,
    data,
    // There the base is trained as it is stored, in F32.
    { held: 'none' },
    o.tell,
    async () => ({}),
    async sweep => {
      const temporary = await mkdtemp(join(tmpdir(), 'multi-lora-'));
      const out = join(temporary, 'job');
      const there = openRun(place, o.on, {
        id: `${jobName(o.experiment.name)}-sweep-${sweep.key.slice(0, 16)}`,
        expert: o.expert,
        baseHash: await hashBase(o.base),
        job: () => out,
      });
      const follow = async (isBefore: boolean) => {
        const said = { end: undefined as 'cancelled' | undefined, failed: [] as Place[] };
        await followRun(there, 0, o.signal, o.say, async lines => {
          for await (const line of lines) await take(line, o, data, sweep, isBefore, said);
        });
        return said;
      };
      try {
        o.say(`looking at ${there.name}`);
        // What an earlier sweep has left there, or is still about.
        if ((await there.state()) !== 'none') await follow(true);
        const points = sweep.missing();
        if (points.length === 0 || o.signal.aborted) return points.length === 0;
        const { mediaFolder, threads } = o;
        const form = place.kind === 'ray' ? 'ray' : 'trl';
        const measuresBase = sweep.startLoss() === undefined;
        await writeSweepJob(o, data, { form, points, measuresBase, out, mediaFolder, threads });
        o.say(`sending the sweep to ${there.name}`);
        await there.send(out, o.signal);
        await there.start();
        o.say(`training on ${there.name}`);
        const { end, failed } = await follow(false);
        if (end === 'cancelled' || o.signal.aborted) return false;
        const lost = sweep.missing().filter(point => !failed.some(each => isSamePoint(each, point)));
        if (lost.length === 0) return true;
        throw new WorkbenchError(
          'runtime',
          `the sweep on ${there.name} has ended before its end: ${reasonIn(await there.log())}`,
          'The points that were done are kept. Go on with the same command.',
        );
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
  );
}

/** What the script tells of a point besides the steps of its training. */
const told = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('point'),
    learningRate: z.number(),
    rank: z.int(),
    /** Of the base alone, where they were asked for. */
    startLosses: z.optional(z.array(anyNumber)),
    losses: z.array(anyNumber),
    trainLoss: anyNumber,
    steps: z.int(),
    tokensPerSecond: anyNumber,
    seconds: z.number(),
  }),
  z.object({ type: z.literal('failed'), learningRate: z.number(), rank: z.int(), message: z.string() }),
  z.object({ type: z.literal('cancelled') }),
]);
const placed = z.object({ learningRate: z.number(), rank: z.int() });

/** Takes in a line of the script's. Of an earlier job neither steps nor failures count. */
async function take(
  line: string,
  { expert, tell, signal }: SweepElsewhereOptions,
  { validation }: PreparedSweep,
  { wanted, startLoss, keep }: RecordedSweep,
  isBefore: boolean,
  said: { end: 'cancelled' | undefined; failed: Place[] },
): Promise<void> {
  const json = jsonOf(line);
  const event = z.safeParse(told, json).data;
  if (event?.type === 'point') {
    const { type: _, startLosses, ...measured } = event;
    const before = startLosses ? tokenMean(startLosses, validation) : startLoss();
    const isWhole = measured.losses.length === validation.length;
    if (before === undefined || !(isWhole || measured.losses.length === 0)) return;
    const loss = isWhole ? tokenMean(measured.losses, validation) : Number.NaN;
    await keep({ ...measured, loss, diverged: !(loss <= before) }, startLoss() ?? before);
  } else if (event?.type === 'failed' && !isBefore) {
    said.failed.push(event);
    tell(event);
  } else if (event?.type === 'cancelled') said.end = 'cancelled';
  const at = z.safeParse(placed, json).data;
  const step = at && parseTrainEvent(line);
  if (step?.type !== 'step' || !at || signal.aborted) return;
  const number = wanted.findIndex(each => isSamePoint(each, at));
  tell({
    type: 'step',
    learningRate: at.learningRate,
    rank: at.rank,
    point: number + 1,
    points: wanted.length,
    step: step.step,
    steps: step.steps,
    loss: step.experts[expert]?.loss ?? Number.NaN,
    tokensPerSecond: step.tokensPerSecond,
    secondsLeft: step.secondsLeft,
    residentBytes: step.residentBytes,
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
