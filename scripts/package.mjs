/**
 * `npm run package`: one VSIX per platform in dist/vsix.
 *
 *   npm run package                  all platforms
 *   npm run package -- linux-x64     these alone
 */
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { install } from './build/install.mjs';
import { packageTarget, targets } from './build/packageTarget.mjs';
import { root } from './build/root.mjs';
import { say } from './build/say.mjs';

const wanted = process.argv.slice(2);
const unknown = wanted.find(target => !targets.includes(target));
if (unknown !== undefined) {
  say(`There is no platform '${unknown}'. There are: ${targets.join(', ')}.`);
  process.exit(2);
}
await install();
for (const target of wanted.length > 0 ? wanted : targets) {
  const path = await packageTarget(target, join(root, 'dist/vsix'));
  say(`${relative(root, path)} ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}
