import {
  CompletionItem,
  CompletionItemKind,
  type CompletionItemProvider,
  MarkdownString,
  type Range,
  SnippetString,
} from 'vscode';
import { completionsAt, listedAt } from '../../recipe/language/completion.ts';
import type { Completion } from '../../recipe/language/offers.ts';
import type { OpenRecipes } from './openRecipes.ts';
import { listForRecipe } from './recipeListings.ts';

/** What can stand at the cursor in a recipe, or in a cell of its notebook. */
export function completionProvider(recipes: OpenRecipes): CompletionItemProvider {
  return {
    async provideCompletionItems(document, position) {
      const shown = recipes.of(document);
      if (!shown) return [];
      const { recipe, reading } = shown;
      const offset = shown.offsetAt(position);
      const listings = await listForRecipe(recipe, listedAt(reading, offset));
      const found = completionsAt(reading, offset, shown.world(), listings);
      return found.flatMap((item, i) => {
        const range = shown.rangeOf(item.range);
        return range ? [toItem(item, i, range)] : [];
      });
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

function toItem(completion: Completion, order: number, range: Range): CompletionItem {
  const { label, kind, detail, documentation, insert, goesOn } = completion;
  const item = new CompletionItem({ label, description: detail }, completionKinds[kind]);
  item.documentation = documentation === undefined ? undefined : new MarkdownString(documentation);
  item.insertText = new SnippetString(insert);
  item.range = range;
  item.sortText = String(order).padStart(4, '0');
  // With its quote, typed or not yet: a list that is open stays open when the quote is typed.
  item.filterText = insert.startsWith('"') ? `"${label}"` : label;
  if (goesOn) item.command = { title: '', command: 'editor.action.triggerSuggest' };
  return item;
}
