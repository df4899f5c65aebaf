/** `npm run build`: bundles everything into dist/. */
import { buildAll } from './build/buildAll.mjs';
import { install } from './build/install.mjs';

await install();
await buildAll();
