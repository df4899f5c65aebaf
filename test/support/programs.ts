import { type ChildProcessWithoutNullStreams, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EngineClient, startEngine } from '../../src/client/engineClient.ts';
import { childrenOf } from './processes.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Options with which Node runs the sources. */
export const fromSource = ['--import', import.meta.resolve('tsx')];

/** `npm test` says where it has bundled the programs: as they ship they start in a fifth of the time. Else sources run. */
const isBuilt = process.env.MULTI_LORA_TEST_BUILT === '1';

/** The engine's program, and the options with which Node runs it. */
export const enginePath = join(root, isBuilt ? 'dist/engine.mjs' : 'src/engine/main.ts');
export const engineOptions = isBuilt ? [] : fromSource;
const cliArguments = isBuilt ? [join(root, 'dist/cli.mjs')] : [...fromSource, join(root, 'src/cli/main.ts')];

/** The embedded base is there. */
export const engineArguments = [
  '--media',
  fileURLToPath(new URL('../../media', import.meta.url)),
  '--threads',
  '1',
  '--device',
  'cpu',
];

/**
 * An engine over the embedded base; it ends with the calling file's tests, or with its test, whatever came of them. A
 * request that its process does not survive fails.
 */
export function testEngine(
  context: { after(work: () => Promise<void>): void } = { after },
  moreArguments: string[] = [],
): EngineClient {
  const engine = startEngine({
    enginePath,
    execArgv: engineOptions,
    args: [...engineArguments, ...moreArguments],
    failsWhenLost: true,
  });
  context.after(() => engine.dispose());
  return engine;
}

const cacheFolder = temporaryFolder();

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The command line as a process of its own, to be watched while it runs. */
export function startCli(args: string[], cwd?: string, env = process.env): ChildProcessWithoutNullStreams {
  // What is found of this machine's devices is the tests' own.
  return spawn(process.execPath, [...cliArguments, ...args], { cwd, env: { MULTI_LORA_CACHE: cacheFolder, ...env } });
}

/** The command line as another program starts it. */
export function cliCommand(args: string[]): { command: string; args: string[]; env: Record<string, string> } {
  const env = { MULTI_LORA_CACHE: cacheFolder, ...(process.env as Record<string, string>) };
  return { command: process.execPath, args: [...cliArguments, ...args], env };
}

/** The command line, while this process waits. */
export function runCliToItsEnd(args: string[]): SpawnSyncReturns<string> {
  const env = { MULTI_LORA_CACHE: cacheFolder, ...process.env };
  return spawnSync(process.execPath, [...cliArguments, ...args], { env, encoding: 'utf8' });
}

/** What a process wrote and how it ended. */
export async function finished(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const code = await new Promise<number | null>(resolve => child.on('close', resolve));
  return { code, stdout, stderr };
}

/** Runs a command to its end. */
export async function runCli(
  args: string[],
  { stdin = '', cwd }: { stdin?: string; cwd?: string } = {},
): Promise<CliResult> {
  const child = startCli(args, cwd);
  child.stdin.end(stdin);
  return finished(child);
}

/** The engine process that a process has started; Linux alone tells. */
export function engineOf(parent: number): number | undefined {
  return childrenOf(parent, enginePath)[0];
}

/** Whether a process runs; one that has ended but was not yet collected by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
  } catch {
    return false;
  }
}
