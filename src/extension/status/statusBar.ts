import { Disposable, MarkdownString, StatusBarAlignment, window } from 'vscode';
import { targetLabel } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import type { CommandId } from '../contributions/commands.ts';
import { viewIds } from '../contributions/sidebar.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { openMachineSettings, readSetting } from '../services/settings.ts';
import { type AnsweringState, spokenStatus, statusLines, statusText } from './statusText.ts';
import { weightsOf } from './switchExperts.ts';

/** The editor's own commands, and ours, that the tooltip links to. */
const links = {
  'Switch or blend…': 'multiLora.switchExperts' satisfies CommandId,
  'Blend lab': 'multiLora.openBlendLab' satisfies CommandId,
  Experts: `${viewIds.experts}.focus`,
  Device: openMachineSettings(),
};

/** Who answers, who is loaded, and what is computed on, at the foot of the window; a click switches. It starts nothing. */
export function createStatusBar(experts: Experts, engine: HostEngine): Disposable {
  const item = window.createStatusBarItem('multiLora.experts', StatusBarAlignment.Right, 90);
  item.name = 'Multi-LoRA Experts';
  item.command = links['Switch or blend…'];
  let lastRoute: Record<string, number> | undefined;
  const refresh = () => {
    const offer = experts.known();
    const choice = offer ? experts.choice(offer) : experts.remembered();
    const state: AnsweringState = {
      choice,
      weights: offer && weightsOf(choice, offer),
      lastRoute,
      loaded: engine.loaded,
      recipe: offer && (offer.nothingTrained ?? `Recipe: ${offer.described.name}`),
      device: readSetting('device'),
    };
    item.text = `$(mortar-board) ${statusText(state)}`;
    item.tooltip = tooltip(targetLabel(choice), statusLines(state));
    item.accessibilityInformation = { label: spokenStatus(state), role: 'button' };
    item.show();
  };
  refresh();
  return Disposable.from(
    item,
    experts.onDidChange(refresh),
    engine.onDidChangeLoaded(refresh),
    experts.onDidAnswer(({ route }) => {
      if (!route) return;
      lastRoute = route.weights;
      refresh();
    }),
  );
}

function tooltip(title: string, lines: string[]): MarkdownString {
  const text = new MarkdownString();
  text.isTrusted = { enabledCommands: Object.values(links) };
  for (const line of [title, ...lines]) text.appendText(line).appendMarkdown('\n\n');
  const setting = encodeURIComponent(JSON.stringify([{ query: 'multiLora.device' }]));
  const linked = Object.entries(links).map(
    ([label, command]) => `[${label}](command:${command}${label === 'Device' ? `?${setting}` : ''})`,
  );
  return text.appendMarkdown(linked.join(' · '));
}
