import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Edit } from 'jsonc-parser';
import { linksOf } from '../recipe/language/links.ts';
import { readRecipe } from '../recipe/parse.ts';

/** A file or folder that has another path than before. */
export interface Moved {
  from: string;
  to: string;
}

/**
 * Edits of a recipe's text by which it names what it named before, when files and folders move, the recipe itself perhaps
 * among them. `isThere` tells names of files from those of models and datasets.
 */
export function pathEdits(
  recipe: string,
  text: string,
  moves: readonly Moved[],
  isThere: (path: string) => boolean,
): Edit[] {
  const folder = dirname(recipe);
  const newFolder = dirname(movedPath(recipe, moves));
  return linksOf(readRecipe(text)).flatMap(({ range: { start, end }, path }) => {
    const named = resolve(folder, path);
    const now = movedPath(named, moves);
    const isAffected = now !== named || (newFolder !== folder && !isAbsolute(path));
    if (!isAffected || !isThere(named)) return [];
    const written = isAbsolute(path) ? now : relative(newFolder, now).split(sep).join('/');
    return written === path
      ? []
      : [{ offset: start, length: end - start, content: JSON.stringify(written).slice(1, -1) }];
  });
}

/** Where a path leads after the moves: to itself, or to where it or a folder that it lies in has gone. */
function movedPath(path: string, moves: readonly Moved[]): string {
  for (const { from, to } of moves)
    if (path === from || path.startsWith(from + sep)) return join(to, path.slice(from.length));
  return path;
}
