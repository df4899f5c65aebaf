import { setTimeout as delay } from 'node:timers/promises';
import { Hover, type HoverProvider, MarkdownString } from 'vscode';
import { hoverAt } from '../../recipe/language/hover.ts';
import type { OpenRecipes } from './openRecipes.ts';
import type { RecipeWorlds } from './recipeWorlds.ts';

/** Milliseconds that a hover waits for files; without them it says less. */
const longestRead = 3000;

/** What is said of the part under the pointer, in a recipe or in a cell of its notebook. */
export function hoverProvider(recipes: OpenRecipes, worlds: RecipeWorlds): HoverProvider {
  return {
    async provideHover(document, position) {
      const look = () => {
        const shown = recipes.of(document);
        const hover = shown && hoverAt(shown.reading, shown.offsetAt(position), shown.world());
        return hover && { ...hover, range: shown.rangeOf(hover.range) };
      };
      // The first look asks for what has not been read yet.
      look();
      await Promise.race([worlds.settled(), delay(longestRead)]);
      const hover = look();
      if (!hover) return undefined;
      return new Hover(
        hover.paragraphs.map(p => new MarkdownString(p)),
        hover.range,
      );
    },
  };
}
