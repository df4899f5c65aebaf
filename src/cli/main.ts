import { deviceChoices } from '../protocol/device.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { nearest } from '../text/nearest.ts';
import { parseBytes } from '../text/numbers.ts';
import { parseArguments } from './console/arguments.ts';
import { type CliEngine, createCliEngine } from './console/cliEngine.ts';
import { generalHelp, verbHelp } from './console/help.ts';
import { packageVersion } from './console/packagePaths.ts';
import { printError } from './console/printError.ts';
import { createTerminal } from './console/terminal.ts';
import type { ExitCode, Verb } from './console/verb.ts';
import { verbs } from './verbs/verbTable.ts';

/** Options that every verb has. */
const common: Verb['options'] = {
  threads: { value: 'N', description: 'threads for the runtime (default: the physical cores)' },
  device: { value: 'DEVICE', description: `${deviceChoices.join(', ')} (default: auto, the fastest that works)` },
  'memory-limit': {
    value: 'SIZE',
    description: 'memory the engine may take for training, such as 8GB (default: what is free)',
  },
  json: { description: 'machine-readable output alone on stdout' },
  help: { description: 'this page' },
};

const terminal = createTerminal(process.stdout, process.stderr, () => performance.now());
const abort = new AbortController();
let engine: CliEngine | undefined;
/** Exit code of a command that was stopped. */
let stoppedCode: ExitCode = 130;

const stop = () => {
  if (abort.signal.aborted) {
    engine?.kill();
    process.exit(130);
  }
  terminal.note('stopping … (Ctrl-C again to quit at once)');
  abort.abort();
};
process.on('SIGINT', stop);
// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', () => {
  engine?.kill();
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2));

async function run([name, ...argv]: string[]): Promise<ExitCode> {
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') terminal.print(generalHelp(verbs));
    else if (name === '--version') terminal.print(packageVersion());
    else return await runVerb(findVerb(name), argv);
    return name === undefined ? 2 : 0;
  } catch (error) {
    if (abort.signal.aborted) return stoppedCode;
    printError(error, terminal);
    return error instanceof WorkbenchError && error.code === 'badRequest' ? 2 : 1;
  } finally {
    await engine?.dispose();
  }
}

async function runVerb(found: Verb, argv: string[]): Promise<ExitCode> {
  const verb = { ...found, options: { ...found.options, ...common } };
  if (argv.includes('--help') || argv.includes('-h')) {
    terminal.print(verbHelp(verb));
    return 0;
  }
  const args = parseArguments(verb, argv);
  const threads = args.number('threads');
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw new WorkbenchError('badRequest', `--threads is a whole number from 1, not ${threads}`);
  const device = args.text('device');
  if (device !== undefined && !deviceChoices.some(d => d === device))
    throw new WorkbenchError('badRequest', `--device is one of ${deviceChoices.join(', ')}, not '${device}'`);
  const memoryLimit = args.text('memory-limit');
  if (memoryLimit !== undefined) parseBytes(memoryLimit);
  if (verb.runsUntilStopped) {
    stoppedCode = 0;
    process.on('SIGTERM', stop);
  }
  const servers = verb.asksForOthers ? (args.list('allow-server') ?? []).map(originOf) : undefined;
  engine = createCliEngine(terminal, abort.signal, { threads, device, 'memory-limit': memoryLimit }, servers);
  const code = await verb.run({ args, json: args.flag('json'), signal: abort.signal, terminal, engine });
  return abort.signal.aborted ? stoppedCode : code;
}

/** Throws `badRequest` for what is no address of a server. */
function originOf(address: string): string {
  if (/^https?:/.test(address) && URL.canParse(address)) return new URL(address).origin;
  throw new WorkbenchError(
    'badRequest',
    `--allow-server names a server by its address, not '${address}'`,
    'Write: --allow-server https://gpu.example.com:8000',
  );
}

function findVerb(name: string): Verb {
  const found = verbs.find(v => v.name === name);
  if (found) return found;
  const names = verbs.map(v => v.name);
  const guess = nearest(name, names);
  throw new WorkbenchError(
    'badRequest',
    `there is no verb '${name}'`,
    guess ? `Did you mean: multi-lora ${guess}?` : `There are: ${names.join(', ')}.`,
  );
}
