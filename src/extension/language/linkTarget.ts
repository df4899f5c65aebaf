import { dirname, join, resolve } from 'node:path';
import { FileType, Uri, workspace } from 'vscode';
import type { RecipeLink } from '../../recipe/language/links.ts';

/** The file that says most of what a folder holds. */
const told: Record<RecipeLink['kind'], string> = { data: '', base: 'config.json', adapter: 'adapter_config.json' };

/** What a link opens: a dataset, or the configuration in a base's or an adapter's folder; nothing for what is not there. */
export async function linkTarget(
  recipe: Uri,
  { path, kind }: RecipeLink,
  base: string | undefined,
): Promise<Uri | undefined> {
  const named = kind === 'base' ? base : resolve(dirname(recipe.fsPath), path);
  if (named === undefined) return undefined;
  const target = Uri.file(join(named, told[kind]));
  const info = await workspace.fs.stat(target).then(
    found => found,
    () => undefined,
  );
  return info?.type === FileType.File ? target : undefined;
}
