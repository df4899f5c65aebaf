import type { EngineProgress } from '../../protocol/engine/engineApi.ts';
import type { TrainRequest } from '../../protocol/engine/training.ts';
import { cutAnswersCode, WorkbenchError } from '../../protocol/errors.ts';
import type { RunState } from '../../protocol/runState.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { LiveRun } from './run.ts';

export interface PerformOptions {
  /** Go on from the run's last checkpoint. */
  resume?: boolean;
  /** Begin with a checkpoint of another run. */
  from?: TrainRequest['from'];
  /** Nobody is there to be asked whether prompts may go to a server elsewhere. */
  isUnattended?: boolean;
  /** Called when the run has begun here, before the engine is asked. */
  begun(): Promise<void> | undefined;
  /** Called where answers of the data would be cut: whether to train all the same. */
  allowsCut(error: WorkbenchError): Promise<boolean>;
  /** Called with the folder in which the engine keeps the run's record. */
  recorded(folder: string): void;
}

/** Lets an engine do a run and tells the run what becomes of it; never rejects. */
export async function performRun(
  run: LiveRun,
  engine: Pick<HostEngine, 'request'>,
  { resume = false, from, isUnattended = false, begun, allowsCut, recorded }: PerformOptions,
): Promise<void> {
  const abort = new AbortController();
  let told: RunState | undefined;
  const endedBy = () => (told === 'paused' ? 'paused' : 'stopped');
  const onProgress = (now: EngineProgress<'train'>) => {
    switch (now.kind) {
      case 'event':
        run.add([now.event]);
        return;
      case 'work':
        run.update({ progress: { message: now.message, done: now.done, total: now.total } });
        return;
      case 'run': {
        const { state, ...record } = now.record;
        told = state;
        recorded(now.folder);
        run.update(record);
      }
    }
  };
  const listen = { signal: abort.signal, onProgress };
  const request = { recipe: run.recipe.fsPath, run: run.id };
  run.begin(() => abort.abort());
  try {
    await begun();
    if (run.kind === 'train') {
      const only = run.experts.length > 0 ? [...run.experts] : undefined;
      const { on } = run;
      const train = (allowCut: boolean) =>
        on
          ? engine.request('trainElsewhere', { ...request, expert: run.experts[0]!, on, resume }, listen)
          : engine.request('train', { ...request, only, resume, from, allowCut }, listen);
      const { finished, experts } = await train(false).catch(async error => {
        const isCut = error instanceof WorkbenchError && error.problems.some(p => p.code === cutAnswersCode);
        if (isCut && (await allowsCut(error))) return train(true);
        throw error;
      });
      run.end({ state: finished ? 'done' : endedBy(), result: { adapters: experts } });
    } else {
      const sets = run.sets && [...run.sets];
      const { reportPath, htmlPath } = await engine.request(
        'evaluate',
        { ...request, sets },
        { ...listen, isUnattended },
      );
      run.end({ state: 'done', result: { reportPath, htmlPath } });
    }
  } catch (error) {
    // Another window may have stopped it.
    if (abort.signal.aborted || told === 'stopped' || told === 'paused') run.end({ state: endedBy() });
    else run.end({ state: isLost(error) ? 'interrupted' : 'failed' }, error);
  }
}

function isLost(error: unknown): boolean {
  return error instanceof WorkbenchError && error.code === 'engineLost';
}
