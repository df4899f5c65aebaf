import { type Disposable, MarkdownString, StatusBarAlignment, window } from 'vscode';
import { type Choice, choiceLabel, weightsText } from '../ask/choice.ts';
import type { Experts } from '../ask/experts.ts';
import type { CommandId } from '../contributions.ts';
import type { Offer } from '../recipe/activeRecipe.ts';
import { weightsOf } from './switchExperts.ts';

/** Who answers, at the foot of the window; a click switches. It shows what is known and asks the engine nothing. */
export function createStatusBar(experts: Experts): Disposable {
  const item = window.createStatusBarItem('multiLora.experts', StatusBarAlignment.Right, 90);
  item.name = 'Multi-LoRA Experts';
  item.command = 'multiLora.switchExperts' satisfies CommandId;
  const refresh = () => {
    const offer = experts.known();
    const choice = offer ? experts.choice(offer) : experts.remembered();
    item.text = `$(mortar-board) ${choiceLabel(choice)}`;
    item.tooltip = new MarkdownString([`**${choiceLabel(choice)}**`, ...about(choice, offer)].join('\n\n'));
    item.show();
  };
  refresh();
  const listener = experts.onDidChange(refresh);
  return {
    dispose() {
      listener.dispose();
      item.dispose();
    },
  };
}

function about(choice: Choice, offer: Offer | undefined): string[] {
  const how = 'Click to switch or blend.';
  if (!offer) return [how];
  const weights = weightsOf(choice, offer);
  const who = weights ? weightsText(weights) : 'The router finds the expert for each prompt.';
  return [who, offer.nothingTrained ?? `Recipe: ${offer.described.name}`, how];
}
