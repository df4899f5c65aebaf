/** `npm run build`: bundles everything into dist/. */
import { buildAll } from './build/buildAll.mjs';
import { checkNode } from './build/checkNode.mjs';
import { install } from './build/install.mjs';

checkNode();
await install();
await buildAll();
