import type { Uri } from 'vscode';
import type { Target } from '../../protocol/target.ts';
import type { Experts } from '../ask/experts.ts';
import type { ActiveRecipe } from '../recipe/activeRecipe.ts';
import { openChat } from './openChat.ts';

/** Opens the chat with an expert or a blend of a recipe, which becomes the one that answers. */
export async function askOfRecipe(active: ActiveRecipe, experts: Experts, recipe: Uri, choice: Target): Promise<void> {
  await active.choose(recipe.fsPath);
  await experts.choose(choice);
  await openChat(choice);
}
