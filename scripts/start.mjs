/** `npm start`: the whole main job from a fresh clone. Plain Node.js, no package needed to begin with. */
import './build.mjs';
import { runCli } from './build/runCli.mjs';

await runCli(['quickstart', ...process.argv.slice(2)]);
