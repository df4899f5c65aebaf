import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Turns what esbuild has split, which it does for ES modules alone, into CommonJS: what the editor loads, and for which it
 * need not wait. A part that is imported when it is needed is then read when it is needed.
 *
 * @type {import('esbuild').Plugin}
 */
export const commonJs = {
  name: 'commonjs',
  setup({ initialOptions, esbuild, onEnd }) {
    const { write = true, minify, sourcemap, target } = initialOptions;
    initialOptions.write = false;
    onEnd(async ({ outputFiles = [] }) => {
      if (!write) return;
      const programs = outputFiles.filter(({ path }) => path.endsWith('.cjs'));
      // Parts of earlier builds have other names.
      for (const folder of new Set(programs.map(({ path }) => dirname(path)))) {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
      }
      const maps = new Map(outputFiles.map(({ path, text }) => [path, text]));
      await Promise.all(
        programs.map(async ({ path, text }) => {
          const map = maps.get(`${path}.map`);
          const inline = map
            ? `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`
            : '';
          const { code, map: joined } = await esbuild.transform(
            text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '') + inline,
            {
              format: 'cjs',
              platform: 'node',
              target,
              minify,
              supported: { 'dynamic-import': false },
              sourcemap: sourcemap ? 'external' : false,
              sourcefile: path,
            },
          );
          const link = sourcemap ? `//# sourceMappingURL=${basename(path)}.map\n` : '';
          writeFileSync(path, code + link);
          if (link) writeFileSync(`${path}.map`, joined);
        }),
      );
    });
  },
};
