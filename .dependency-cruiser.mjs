/**
 * Which room may import which (docs/ARCHITECTURE.md draws the same arrows), checked by `npm run check`. Imports of types
 * count as those of values.
 */

import { createRequire } from 'node:module';

// The cruiser tells its parser nothing of JSX; its version 18, which needs Node.js 22, does so by itself.
const swc = createRequire(import.meta.url)('@swc/core');
const { parseFileSync } = swc;
swc.parseFileSync = (path, options) => parseFileSync(path, { ...options, tsx: path.endsWith('x') });

/** Rooms that run anywhere: in a page, in a worker, in Node.js. */
const pure = ['text', 'protocol', 'hub', 'nn', 'recipe', 'data', 'router', 'review', 'evaluation', 'report'];

/** The rooms that each room may import from, itself apart. A room may be a folder inside another: `recipe/language`. */
const arrows = {
  protocol: [],
  text: ['protocol'],
  hub: ['protocol'],
  data: ['protocol'],
  router: ['protocol', 'nn/tensor'],
  review: ['protocol', 'evaluation'],
  recipe: ['protocol', 'text', 'nn', 'data', 'report'],
  nn: ['protocol'],
  evaluation: ['protocol'],
  report: ['protocol', 'text', 'evaluation'],
  experiment: pure,
  engine: [...pure, 'experiment'],
  client: ['protocol'],
  server: ['protocol', 'text'],
  mcp: [...pure, 'experiment', 'client'],
  cli: [...pure, 'experiment', 'client', 'server', 'mcp'],
  extension: [...pure, 'experiment', 'client', 'server'],
};

/** Packages that only one file or folder imports. */
const reserved = {
  'onnxruntime-node': '^src/engine/runtime/session[.]ts$',
  vscode: '^src/extension/',
  '@modelcontextprotocol/sdk': '^src/mcp/',
  '@vscode/webview-ui-toolkit': '^webview/components/toolkit[.]ts$',
  uplot: '^webview/components/chart[.]ts$',
  'preact-render-to-string': '^src/report/htmlFile[.]tsx$',
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle-of-folders',
      comment: 'What two folders need of each other belongs into one of them, or below both.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(src|webview)/' },
      to: { circular: true },
    },
    ...Object.entries(arrows).map(([room, others]) => ({
      name: `arrows-of-${room}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^(src|webview|test|bench|scripts)/', pathNot: [room, ...others].map(o => `^src/${o}`) },
    })),
    {
      name: 'arrows-of-webview',
      severity: 'error',
      from: { path: '^webview/' },
      to: { path: '^(src|test|bench|scripts)/', pathNot: pure.map(room => `^src/${room}/`) },
    },
    {
      name: 'pure-rooms-know-no-node',
      severity: 'error',
      from: { path: [...pure.map(room => `^src/${room}/`), '^webview/'] },
      to: { dependencyTypes: ['core'] },
    },
    ...Object.entries(reserved).map(([name, place]) => ({
      name: `one-place-imports-${name.replace(/\W+/g, '-')}`,
      severity: 'error',
      from: { path: '^(src|webview)/', pathNot: place },
      to: { path: `(^|node_modules/)${name}(/|$)` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    // Of @swc/core: TypeScript 7, which would be taken else, has no API that this knows.
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'] },
  },
};
