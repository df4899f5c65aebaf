import { commands, l10n, type Uri, window } from 'vscode';
import { duration } from '../../text/numbers.ts';
import { inNotification } from '../../text/shown.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { Run } from '../runs/run.ts';
import { runTitle } from '../runs/runText.ts';
import type { HostEngine } from '../services/hostEngine.ts';

/** Milliseconds that a start waits for what it will take. */
const patience = 10_000;

/** How long a training will take, where that is known soon; what is wrong says the training itself. */
export async function estimateOf(
  engine: HostEngine,
  { fsPath }: Uri,
  only: string[] | undefined,
): Promise<string | undefined> {
  try {
    const request = { recipe: fsPath, only };
    const { time, device } = await engine.request('plan', request, { signal: AbortSignal.timeout(patience) });
    return `about ${duration(time.seconds)} on ${device.toUpperCase()}`;
  } catch {
    return undefined;
  }
}

/** Says that a training has begun, how long it takes and where it is seen; the message goes by itself. */
export async function tellStart(run: Run, estimate: string | undefined): Promise<void> {
  const takes = estimate ? `: ${estimate}` : '';
  const told = inNotification(
    l10n.t('{0}{1}. The status bar shows how far it is; a click there stops it.', runTitle(run), takes),
  );
  const [view, stop] = [l10n.t('Open Training View'), l10n.t('Stop')];
  const chosen = await window.showInformationMessage(told, view, stop);
  if (chosen === view) await commands.executeCommand('multiLora.openTraining' satisfies CommandId, run.recipe);
  if (chosen === stop) await run.stop();
}
