import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  /** @type {Set<string>} */
  const written = new Set();
  const built = await Promise.all(
    bundles.map(async ({ name, outfile, options }) => {
      const { metafile } = await build(options);
      writeFileSync(join(root, `dist/meta/${name}.json`), JSON.stringify(metafile));
      for (const output of Object.keys(metafile?.outputs ?? {})) written.add(output);
      return outfile;
    }),
  );
  // Chunks are named after what is in them: those of earlier builds would stay for ever.
  for (const folder of ['dist', 'dist/extension'])
    for (const name of readdirSync(join(root, folder)))
      if (/\.[cm]js(\.map)?$/.test(name) && !written.has(`${folder}/${name}`)) rmSync(join(root, folder, name));
  for (const { from, to } of copied) copyFileSync(join(root, from), join(root, to));
  const sizes = built.map(file => `${file} ${(statSync(join(root, file)).size / 1024).toFixed(0)} KiB`);
  say(`Built in ${(performance.now() - started).toFixed(0)} ms: ${sizes.join(', ')}`);
}
