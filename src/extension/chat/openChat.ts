import { commands, lm, type Uri } from 'vscode';
import type { Target } from '../../protocol/target.ts';
import { auto, base, targetId } from '../../text/target.ts';
import type { Experts } from '../ask/experts.ts';
import { chatParticipant, modelVendor } from '../contributions/chat.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';

/**
 * Opens the chat view with `@experts` typed and a model of ours picked. The editor asks no participant before a model is
 * there, and offers models that call no tools in its mode for asking alone. A question that is given waits to be sent.
 */
export async function openChat(preferred: Target = auto, question = ''): Promise<void> {
  const models = await lm.selectChatModels({ vendor: modelVendor.vendor });
  const wanted = [preferred, auto, base].map(targetId);
  const model = wanted.map(id => models.find(m => m.id === id)).find(m => m !== undefined);
  await commands.executeCommand('workbench.action.chat.open', {
    query: `@${chatParticipant.name} ${question}`,
    isPartialQuery: true,
    mode: 'ask',
    ...(model && { modelSelector: { vendor: modelVendor.vendor, id: model.id } }),
  });
}

/** Opens the chat with an expert or a blend of a recipe, which becomes the one that answers. */
export async function askOfRecipe(active: ActiveRecipe, experts: Experts, recipe: Uri, choice: Target): Promise<void> {
  await active.choose(recipe.fsPath);
  await experts.choose(choice);
  await openChat(choice);
}
