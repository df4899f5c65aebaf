import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundles, copied } from './bundles.mjs';
import { root } from './root.mjs';
import { say } from './say.mjs';

/** Builds every bundle into dist/, with what each is made of in dist/meta/NAME.json. */
export async function buildAll() {
  // Imported here, because it is there only after the install.
  const { build } = await import('esbuild');
  const started = performance.now();
  mkdirSync(join(root, 'dist/meta'), { recursive: true });
  const built = await Promise.all(
    bundles.map(async ({ name, outfile, options }) => {
      const { metafile } = await build(options);
      writeFileSync(join(root, `dist/meta/${name}.json`), JSON.stringify(metafile));
      return outfile;
    }),
  );
  for (const { from, to } of copied) copyFileSync(join(root, from), join(root, to));
  const sizes = built.map(file => `${file} ${(statSync(join(root, file)).size / 1024).toFixed(0)} KiB`);
  say(`Built in ${(performance.now() - started).toFixed(0)} ms: ${sizes.join(', ')}`);
}
