import { commands, type Disposable, l10n, MarkdownString, StatusBarAlignment, window, workspace } from 'vscode';
import { visibleText } from '../../protocol/visibleText.ts';
import { inMarkdown } from '../../text/shown.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { Run } from './run.ts';
import type { Runs } from './runs.ts';
import { progressText, runTitle, stateText } from './runText.ts';

/** What is being trained or evaluated, in whichever window, at the foot of this one; a click offers to stop it. */
export function createRunStatus(runs: Runs): Disposable {
  const item = window.createStatusBarItem('multiLora.runs', StatusBarAlignment.Left, 10);
  item.name = 'Multi-LoRA Runs';
  item.command = 'multiLora.stopTraining' satisfies CommandId;
  const running = new Map<string, Run>();
  let told: boolean | undefined;
  /** Nothing can be stopped where nothing runs. */
  const tellRunning = (isRunning: boolean) => {
    if (told === isRunning) return;
    told = isRunning;
    void commands.executeCommand('setContext', 'multiLora.isRunning', isRunning);
  };
  const show = () => {
    const [first, ...others] = running.values();
    tellRunning(first !== undefined);
    if (!first) return item.hide();
    const more = others.length > 0 ? ` +${others.length}` : '';
    const far = stateText(first);
    item.text = `$(sync~spin) ${visibleText(runTitle(first))} ${far}${more}`;
    item.accessibilityInformation = {
      label: l10n.t('{0}, {1}{2}. Stop it.', visibleText(runTitle(first)), far, more),
      role: 'button',
    };
    item.tooltip = new MarkdownString([...running.values()].map(about).join('\n\n'));
    item.show();
  };
  const listener = runs.onDidChange(run => {
    if (run.state === 'running') running.set(run.id, run);
    else running.delete(run.id);
    show();
  });
  void runs.found();
  return {
    dispose() {
      listener.dispose();
      item.dispose();
    },
  };
}

function about(run: Run): string {
  const where = run.isHere ? '' : ', in another window';
  const place = inMarkdown(workspace.asRelativePath(run.recipe));
  return `**${inMarkdown(runTitle(run))}** (${place}${where})\n\n${inMarkdown(progressText(run))}\n\nClick to stop.`;
}
