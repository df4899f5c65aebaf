import {
  CompletionItem,
  CompletionItemKind,
  type CompletionItemProvider,
  MarkdownString,
  SnippetString,
  type TextDocument,
} from 'vscode';
import type { Completion } from '../../../core/recipe/language/completion.ts';
import { completionsAt, listedAt } from '../../../core/recipe/language/completions.ts';
import { listForRecipe } from './recipeListings.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';
import { type ShownRecipe, shownRecipe } from './shownRecipe.ts';

/** What can stand at the cursor in a recipe, or in a cell of its notebook. */
export function completionProvider(worlds: RecipeWorlds): CompletionItemProvider {
  return {
    async provideCompletionItems(document, position) {
      const shown = shownRecipe(document);
      if (!shown) return [];
      const { recipe, reading } = shown;
      const offset = shown.offsetAt(position);
      const listings = await listForRecipe(recipe, listedAt(reading, offset));
      const found = completionsAt(reading, offset, worlds.worldOf(recipe, reading), listings);
      return found.map((item, i) => toItem(item, i, document, shown));
    },
  };
}

const completionKinds: Record<Completion['kind'], CompletionItemKind> = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
  name: CompletionItemKind.Reference,
  snippet: CompletionItemKind.Snippet,
};

function toItem(completion: Completion, order: number, document: TextDocument, shown: ShownRecipe): CompletionItem {
  const { label, kind, detail, documentation, insert, range, goesOn } = completion;
  const item = new CompletionItem({ label, description: detail }, completionKinds[kind]);
  item.documentation = documentation === undefined ? undefined : new MarkdownString(documentation);
  item.insertText = new SnippetString(insert);
  item.range = shown.rangeOf(range);
  item.sortText = String(order).padStart(4, '0');
  // What is typed so far may begin with a quote.
  item.filterText = document.getText(item.range).startsWith('"') ? `"${label}"` : label;
  if (goesOn) item.command = { title: '', command: 'editor.action.triggerSuggest' };
  return item;
}
