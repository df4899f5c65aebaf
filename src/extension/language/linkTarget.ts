import { dirname, join, resolve } from 'node:path';
import { FileType, Uri, workspace } from 'vscode';
import { adapterPaths } from '../../experiment/paths.ts';
import type { RecipeLink } from '../../recipe/language/links.ts';

/** The file that says most of what is named. */
const told: Record<RecipeLink['kind'], (named: string) => string> = {
  data: file => file,
  base: folder => join(folder, 'config.json'),
  adapter: folder => adapterPaths(folder).config,
};

/** What a link opens: a dataset, or the configuration in a base's or an adapter's folder; nothing for what is not there. */
export async function linkTarget(
  recipe: Uri,
  { path, kind }: RecipeLink,
  base: string | undefined,
): Promise<Uri | undefined> {
  const named = kind === 'base' ? base : resolve(dirname(recipe.fsPath), path);
  if (named === undefined) return undefined;
  const target = Uri.file(told[kind](named));
  const info = await workspace.fs.stat(target).then(
    found => found,
    () => undefined,
  );
  return info?.type === FileType.File ? target : undefined;
}
