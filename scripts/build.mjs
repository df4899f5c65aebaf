/** `npm run build`: bundles everything into dist/. */
import { buildAll } from './lib/buildAll.mjs';
import { checkNode } from './lib/checkNode.mjs';
import { install } from './lib/install.mjs';

checkNode();
await install();
await buildAll();
