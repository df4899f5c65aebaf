import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { WorkbenchError } from '../protocol/errors.ts';
import { noTelemetry } from '../protocol/noTelemetry.ts';

export interface EngineProcessOptions {
  /** The engine's program, `dist/engine.mjs`. */
  enginePath: string;
  /** The Node that runs it; this process's own without it. */
  execPath?: string;
  /** Options of that Node. */
  execArgv?: string[];
  /** The engine's own arguments. */
  args: string[];
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Its priority as `os.setPriority` has it; this process's own without it. */
  priority?: number;
}

/** One engine process and the connection to it, which does not listen yet. */
export interface EngineProcess {
  pid: number | undefined;
  connection: MessageConnection;
  /** Resolves with the reason when the process has ended, asked or not. */
  gone: Promise<WorkbenchError>;
  hasEnded(): boolean;
  /** It ended by itself and not in order: it was neither asked to nor killed. */
  hasCrashed(): boolean;
  /** Closes its streams, at which it ends; one that does not is killed. */
  end(): Promise<void>;
  kill(): void;
}

/** Standard error is kept this far back, in characters, to tell why a process ended. */
const keptStderr = 4000;
/** Milliseconds that the last output of a process has to arrive. */
const patience = 2000;
/**
 * Milliseconds a process has to end by itself. It reads that its streams are closed between two runs of a graph, and a
 * training then writes a checkpoint.
 */
const endPatience = 10_000;

/** With these others end a process: a user, a system that is short of memory or shuts down. */
const killSignals = new Set<NodeJS.Signals>(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

export function startEngineProcess({
  enginePath,
  execPath,
  execArgv = [],
  args,
  env,
  priority,
}: EngineProcessOptions): EngineProcess {
  const child = spawn(execPath ?? process.execPath, [...execArgv, enginePath, ...args], {
    env: { ...process.env, ...noTelemetry, ...env },
    stdio: 'pipe',
    windowsHide: true,
  });
  if (priority !== undefined && child.pid) lowerPriority(child.pid, priority);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keptStderr);
  });
  let ended = false;
  let crashed = false;
  const gone = new Promise<WorkbenchError>(resolve => {
    const end = (how: string) => {
      ended = true;
      resolve(lostError(how, stderr));
    };
    child.on('error', error => end(`could not be started (${error.message})`));
    // 'close' comes after the last of its output, so that an answer it still gave is not lost. It does not come while a
    // process that the engine started holds the streams.
    child.on(
      'exit',
      (code, signal) => void delay(patience, undefined, { ref: false }).then(() => end(endText(code, signal))),
    );
    child.on('close', (code, signal) => end(endText(code, signal)));
    child.on('exit', (code, signal) => {
      crashed = signal ? !killSignals.has(signal) : code !== 0;
    });
  });
  const reader = new StreamMessageReader(child.stdout);
  // Its timer would outlive a process that was killed within a message, and with it keep this one alive.
  reader.partialMessageTimeout = 0;
  const connection = createMessageConnection(reader, new StreamMessageWriter(child.stdin));
  return {
    pid: child.pid,
    connection,
    gone,
    hasEnded: () => ended,
    hasCrashed: () => crashed,
    kill: () => void child.kill('SIGKILL'),
    async end() {
      child.stdin.end();
      const timer = new AbortController();
      const kill = async () => {
        await delay(endPatience, undefined, { signal: timer.signal });
        child.kill('SIGKILL');
      };
      await Promise.race([
        gone,
        kill().then(
          () => gone,
          () => gone,
        ),
      ]);
      timer.abort();
      connection.dispose();
    },
  };
}

function lowerPriority(pid: number, priority: number): void {
  try {
    setPriority(pid, priority);
  } catch {
    // It has ended already, which is told, or the system does not allow it: then it runs as it is.
  }
}

function endText(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
}

function lostError(how: string, stderr: string): WorkbenchError {
  const lines = stderr.split('\n').filter(line => line.trim() !== '');
  const last = lines.slice(-8).map(line => `\n  ${line}`);
  return new WorkbenchError(
    'engineLost',
    `the engine process ${how}${last.join('')}`,
    'If nobody stopped it, the machine may have run out of memory: a smaller batchSize or maxLength needs less.',
  );
}
