import { readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
/** Bundled, all programs lie side by side in dist/; run from source, each has its folder. */
const isBundled = extname(here) === '.mjs';

const packageFolder = resolve(dirname(here), isBundled ? '..' : '../../..');

export const enginePath = isBundled
  ? join(dirname(here), 'engine.mjs')
  : join(packageFolder, 'src', 'engine', 'main.ts');

export const mediaFolder = join(packageFolder, 'media');

/** The recipe of the quickstart. */
export const exampleRecipe = join(packageFolder, 'examples', 'experts', 'experts.lora.json');

/** The page that explains recipes. */
export const recipeReference = join(packageFolder, 'docs', 'recipe-reference.md');

export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version;
}
