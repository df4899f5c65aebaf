import { existsSync, readdirSync } from 'node:fs';
import { dirname, extname, join, parse } from 'node:path';
import { commonJs } from './commonJs.mjs';
import { root } from './root.mjs';

/** onnxruntime-node is native code, which cannot be bundled; `vscode` exists inside the extension host alone. */
const external = ['onnxruntime-node', 'vscode'];

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  sourcemap: true,
  logLevel: 'warning',
};

/**
 * What the protocol's library of agents brings along for those who validate what they ask of clients, or whose schemas are
 * zod's of version 3: src/mcp does neither, and it is 200 kB.
 */
const leftOut = ['ajv', 'ajv-formats', 'zod/v3', 'zod-to-json-schema'];

/** @type {import('esbuild').BuildOptions} */
const node = {
  ...common,
  platform: 'node',
  target: 'node20',
  external,
  alias: Object.fromEntries(leftOut.map(name => [name, join(root, 'scripts/build/leftOut.cjs')])),
  // With 'main' first jsonc-parser's UMD file is taken, whose inner requires are not found in a bundle.
  mainFields: ['module', 'main'],
};

/** Of the programs that Node.js runs. @type {import('esbuild').BuildOptions} */
export const nodeModule = {
  ...node,
  format: 'esm',
  // What a program loads when it is needed, such as the runtime, lies in chunks beside it.
  splitting: true,
  // Bundled CommonJS packages call require, which ES modules do not have.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
};

/** Of the programs that pages in the editor run. @type {import('esbuild').BuildOptions} */
export const browserModule = { ...common, platform: 'browser', target: 'es2022', format: 'esm' };

/** Programs of pages in the editor, a folder each: the style sheets they import become `dist/webview/NAME.css`. */
export const views = readdirSync(join(root, 'webview'))
  .filter(name => existsSync(join(root, `webview/${name}/main.ts`)))
  .sort();

/** @type {[name: string, entry: string, outfile: string, options: import('esbuild').BuildOptions][]} */
const all = [
  [
    'extension',
    'src/extension/activate.ts',
    'dist/extension/main.cjs',
    { ...node, format: 'esm', splitting: true, plugins: [commonJs] },
  ],
  ['engine', 'src/engine/main.ts', 'dist/engine.mjs', nodeModule],
  // A program of its own, which the engine starts to measure a fresh process.
  ['memoryProbe', 'src/engine/evaluation/memoryProbe.ts', 'dist/memoryProbe.mjs', nodeModule],
  // Another, which runs the code that models write.
  ['codeGrader', 'src/engine/evaluation/codeGrader.ts', 'dist/codeGrader.mjs', nodeModule],
  // Another, in which devices are tried that may end it.
  ['deviceProbe', 'src/engine/devices/deviceProbe.ts', 'dist/deviceProbe.mjs', nodeModule],
  // A thread of the engine, which tokenises data.
  ['encodeThread', 'src/engine/training/encodeThread.ts', 'dist/encodeThread.mjs', nodeModule],
  // A thread of the extension host, which reads what recipes name.
  ['recipeFacts', 'src/extension/language/factWorker.ts', 'dist/recipeFacts.mjs', nodeModule],
  ['cli', 'src/cli/main.ts', 'dist/cli.mjs', nodeModule],
  ...views.map(
    view =>
      /** @type {[string, string, string, typeof browserModule]} */ ([
        `webview-${view}`,
        `webview/${view}/main.ts`,
        `dist/webview/${view}.js`,
        browserModule,
      ]),
  ),
];

/** What is built: the bundles whose entry exists. */
export const bundles = all
  .filter(([, entry]) => existsSync(join(root, entry)))
  .map(([name, entry, outfile, options]) => ({
    name,
    entry,
    outfile,
    options: {
      ...options,
      entryPoints: { [parse(outfile).name]: entry },
      outdir: dirname(outfile),
      outExtension: { '.js': extname(outfile) },
    },
  }));

/** Files that bundles look for beside themselves: QuickJS's WebAssembly. */
export const copied = [
  {
    from: 'node_modules/@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm',
    to: 'dist/emscripten-module.wasm',
  },
];
