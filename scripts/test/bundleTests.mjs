import { readFileSync, rmSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../build/root.mjs';
import { bundleOf, testBundles } from './bundledTest.mjs';

/**
 * Bundles test files, with the sources that they test, and gives the bundle of each: Node.js starts one in a third of the
 * time that it takes to load TypeScript and then some hundred modules. Packages are not in them.
 *
 * @param {string[]} files
 * @returns {Promise<Map<string, string>>}
 */
export async function bundleTests(files) {
  rmSync(join(root, testBundles), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: files,
    outdir: testBundles,
    outbase: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    define: { 'import.meta.url': 'ownAddress', 'import.meta.dirname': 'ownFolder' },
    plugins: [ownAddresses],
  });
  return new Map(files.map(file => [file, bundleOf(file)]));
}

/**
 * Modules look for files beside themselves, which are not beside a bundle: each keeps the address that it has among the
 * sources. Those of the engine have that of its program, beside which lie the programs that it starts.
 *
 * @type {import('esbuild').Plugin}
 */
const ownAddresses = {
  name: 'own-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\.(ts|tsx|mjs)$/, namespace: 'file' }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta')) return;
      const isEngine = path.startsWith(join(root, 'src/engine/'));
      const address = JSON.stringify(pathToFileURL(isEngine ? join(root, 'dist/engine.mjs') : path).href);
      // In the first line, so that lines keep their numbers.
      const constants = `const ownAddress = ${address}, ownFolder = ${JSON.stringify(dirname(path))}; `;
      const contents =
        constants + text.replace(/import\.meta\.resolve\(('\.[^']*')\)/g, `new URL($1, ownAddress).href`);
      return {
        contents,
        loader: extname(path) === '.mjs' ? 'js' : /** @type {'ts' | 'tsx'} */ (extname(path).slice(1)),
      };
    });
  },
};
