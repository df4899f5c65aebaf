import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning } from './programs.ts';

/** The number of a process that has ended. */
export function endedProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

/** The number of a process that has ended and that its parent does not collect, on Linux, until the test is over. */
export async function zombie(context: { after(work: () => void): void }): Promise<number> {
  // `exec` makes the shell's child that of a program which never waits for it.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
  context.after(() => parent.kill());
  const pid = Number(await new Promise(resolve => parent.stdout.once('data', resolve)));
  while (isRunning(pid)) await delay(10);
  return pid;
}
