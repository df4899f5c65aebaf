import type { Call } from '../../protocol/contract.ts';
import { parseTrainEvent, type TrainEvent } from '../../protocol/trainEvents.ts';
import type { RunTold } from '../runs/recordRun.ts';

/** Tells the events of a training elsewhere as those of a run, and gives the last of them; undefined without any. */
export async function relayEvents(
  lines: AsyncIterable<string>,
  call: Pick<Call<RunTold>, 'progress'>,
): Promise<TrainEvent | undefined> {
  let last: TrainEvent | undefined;
  for await (const line of lines) {
    const event = parseTrainEvent(line);
    if (!event) continue;
    call.progress({ kind: 'event', event });
    last = event;
  }
  return last;
}
