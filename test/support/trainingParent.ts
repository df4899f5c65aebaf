import { startEngine } from '../../src/client/engineClient.ts';
import { engineArguments, engineOptions, enginePath } from './programs.ts';

// A program that trains the recipe it is given, and prints the engine's process id once training goes on.
const engine = startEngine({ failsWhenLost: true, enginePath, execArgv: engineOptions, args: engineArguments });
await engine.request(
  'train',
  { recipe: process.argv[2]!, resume: false },
  {
    onProgress: told =>
      told.kind === 'event' && told.event.type === 'step' && told.event.step === 3 && console.log(engine.pid),
  },
);
