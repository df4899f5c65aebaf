import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Editor } from './installEditor.ts';

export interface EditorServer {
  url: string;
  authority: string;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** The workspace. */
  folder: string;
  /** Where its own data, extensions and log go. */
  dataFolder: string;
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
  /** False for a workspace in restricted mode. */
  isTrusted?: boolean;
}

const quiet = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'workbench.enableExperiments': false,
  'npm.fetchOnlinePackageInfo': false,
  // Else it runs npm to look up types for every JavaScript file that is opened.
  'js/ts.tsserver.automaticTypeAcquisition.enabled': false,
  'chat.agentHost.enabled': false,
  'git.enabled': false,
  // Two threads of an engine that trains wait for each other, busily, while the editor wants their core.
  'multiLora.threads': 1,
  // Else the server lists every process and its files again and again, which takes more the busier the machine is.
  'remote.autoForwardPorts': false,
};

/** Where an editor that is started with this data folder keeps its settings and extensions. */
export function profileFolders(dataFolder: string): { user: string; extensions: string } {
  return { user: join(dataFolder, 'user'), extensions: join(dataFolder, 'extensions') };
}

/** Writes what an editor that is started with this data folder reads as its user's settings. */
export function writeUserSettings({ dataFolder, settings, isTrusted = true }: ServerOptions): void {
  const user = join(profileFolders(dataFolder).user, 'User');
  mkdirSync(user, { recursive: true });
  const trust = isTrusted
    ? { 'security.workspace.trust.enabled': false }
    : { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' };
  writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...quiet, ...theme(), ...trust, ...settings }));
}

export function machineFile(dataFolder: string): string {
  return join(profileFolders(dataFolder).user, 'Machine', 'settings.json');
}

export function writeMachineSettings(dataFolder: string, settings: Record<string, unknown>): void {
  mkdirSync(join(profileFolders(dataFolder).user, 'Machine'), { recursive: true });
  writeFileSync(machineFile(dataFolder), JSON.stringify(settings));
}

/** For pictures in another theme. */
function theme(): Record<string, string> {
  return process.env.THEME ? { 'workbench.colorTheme': process.env.THEME } : {};
}

/** Starts the editor's server in a process group of its own; the group ends with `stop`, or with this process. */
export async function startServer(editor: Editor, options: ServerOptions): Promise<EditorServer> {
  const { folder, dataFolder, env, isTrusted = true } = options;
  const { user, extensions } = profileFolders(dataFolder);
  mkdirSync(extensions, { recursive: true });
  const port = await freePort();
  const log = openSync(join(dataFolder, 'server.log'), 'w');
  const child = spawn(
    editor.node,
    [
      editor.entry,
      ...['--config', '/dev/null', '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none'],
      // A window that was closed without a word would keep its extension host, and the engine, for hours.
      ...['--reconnection-grace-time', '60'],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...(isTrusted ? ['--disable-workspace-trust'] : []),
      ...['--user-data-dir', user, '--extensions-dir', extensions],
      folder,
    ],
    { detached: true, stdio: ['ignore', log, log], env: { ...process.env, ...env } },
  );
  const kill = endWithThisProcess(child);
  const authority = `127.0.0.1:${port}`;
  await answers(`http://${authority}/healthz`, child, join(dataFolder, 'server.log'));
  return {
    url: `http://${authority}/?folder=${encodeURIComponent(folder)}`,
    authority,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        endGroup(child, 'SIGTERM');
        await Promise.race([once(child, 'exit'), delay(5000)]);
      }
      kill();
    },
  };
}

/** Ends the server's group when this process ends, from outside too. Returns what ends it now. */
function endWithThisProcess(child: ChildProcess): () => void {
  const kill = () => endGroup(child, 'SIGKILL');
  process.once('exit', kill);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const quit = () => process.exit(1);
  for (const signal of signals) process.once(signal, quit);
  return () => {
    kill();
    process.off('exit', kill);
    for (const signal of signals) process.off(signal, quit);
  };
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid) process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: the group has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function answers(url: string, child: ChildProcess, log: string): Promise<void> {
  const until = Date.now() + 180_000;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the editor's server ended with ${child.exitCode}, see ${log}`);
    const isUp = await fetch(url).then(
      r => r.ok,
      () => false,
    );
    if (isUp) return;
    await delay(100);
  }
  throw new Error(`the editor's server did not answer, see ${log}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
