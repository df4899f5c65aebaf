import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { WorkbenchError } from '../../protocol/errors.ts';
import { childProgram } from '../childProgram.ts';
import type { CodeGrade, CodeJob, Verdict } from './codeGrader.ts';

export interface CodeOptions {
  /**
   * For the answer and all its tests together, in the processor's time. Default 1000. Whatever they call, they end within
   * twice that by the clock.
   */
  timeoutMs?: number;
  /** Ends at once what is being graded. */
  signal?: AbortSignal;
}

/** A process that grades one answer after the other, until one has to be killed with it. */
interface Grader {
  child: ChildProcess;
  /** Rejects where it could not be started. */
  ready: Promise<unknown>;
}

/**
 * Times an answer's limit, from when it was its turn, after which its process is killed. What QuickJS itself can stop has
 * been stopped long before; on a busy machine others take their time.
 */
const patience = 1.8;
/** The least of it that is left to an answer whose process has to be started first. */
const leastPatience = 1.5;
/** When the next answer's process is started, where this one may have to be killed. */
const worry = 1.1;
/** Characters of an answer with its tests; more would not fit into the sandbox's memory. */
const mostCharacters = 4_000_000;

let grader: Grader | undefined;
/** Started while an answer takes long, so that its start is not in the next answer's time. */
let successor: Grader | undefined;
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs a generated answer (JavaScript, fenced or not) against its tests, in a new QuickJS context with nothing of the
 * host in it: no modules, timers, files or network, and a console that does nothing.
 *
 * A test is an expression that must be `true` (not merely truthy), or statements that call `assert(value)`,
 * `assert.equal` (the same value), `assert.deepEqual` (the same structure) or `assert.throws(function)` at least once.
 * It may `await`. Where the prompt named no function, tests call `__answer(…)`: the one function the answer declares, or
 * the one it is.
 *
 * An answer cannot pass by tampering: all built-in objects are frozen before it runs, tests are compiled before it runs
 * and hold the built-ins as local names, and the verdict is formed in a closure that the answer has no reference to.
 *
 * QuickJS runs in a process of its own (`codeGrader.ts`): this one stays free, and what does not end, within a call of a
 * built-in method or in promises without end, is killed with the process. Rejects with the signal's reason.
 */
export function gradeCode(
  source: string,
  tests: readonly string[],
  { timeoutMs = 1000, signal }: CodeOptions = {},
): Promise<CodeGrade> {
  const graded = turn.then(() => gradeNext({ source, tests, timeoutMs }, signal));
  turn = graded.catch(() => {});
  return graded;
}

async function gradeNext(job: CodeJob, signal: AbortSignal | undefined): Promise<CodeGrade> {
  const killAt = performance.now() + job.timeoutMs * patience;
  const characters = job.tests.reduce((sum, test) => sum + test.length, job.source.length);
  if (characters > mostCharacters)
    return {
      passed: false,
      error: `the answer and its tests have ${characters} characters; ${mostCharacters} can be graded`,
    };
  // It may have been killed by somebody while it waited.
  if (!grader?.child.connected) grader = takeSuccessor() ?? startGrader();
  const { child, ready } = grader;
  hold(child);
  let isOver = true;
  try {
    await ready;
    signal?.throwIfAborted();
    const { grade, isBroken } = await verdictOf(child, job, killAt, signal);
    isOver = isBroken;
    return grade;
  } finally {
    if (isOver) {
      child.kill('SIGKILL');
      grader = undefined;
    } else release(child);
  }
}

/** What the process finds, or that it did not within the time. */
async function verdictOf(
  child: ChildProcess,
  job: CodeJob,
  killAt: number,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  const over = new AbortController();
  const until = { signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal };
  const broken = (error: string): Verdict => ({ grade: { passed: false, error }, isBroken: true });
  const late = async () => {
    const began = performance.now();
    await delay(job.timeoutMs * worry, undefined, until);
    successor ??= startGrader();
    await delay(Math.max(killAt, began + job.timeoutMs * leastPatience) - performance.now(), undefined, until);
    // Where this process was busy meanwhile, the verdict may be waiting behind the timer.
    await nextTurn(undefined, until);
    return broken(`took more than ${job.timeoutMs} ms`);
  };
  try {
    const told = once(child, 'message', until).then(([verdict]) => verdict as Verdict);
    const ended = once(child, 'exit', until).then(([code, killer]) =>
      broken(`the sandbox ended with ${killer ?? `exit code ${code}`}`),
    );
    child.send(job);
    return await Promise.race([told, ended, late()]);
  } catch (error) {
    signal?.throwIfAborted();
    return broken(`the sandbox failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    over.abort();
  }
}

function takeSuccessor(): Grader | undefined {
  const taken = successor;
  successor = undefined;
  return taken?.child.connected ? taken : undefined;
}

function startGrader(): Grader {
  const { path, execArgv } = childProgram('codeGrader', import.meta.url);
  const child = fork(path, {
    // What it holds outside of QuickJS's memory is one answer with its tests.
    execArgv: [...execArgv, '--max-old-space-size=256'],
    // Standard output is the engine's protocol, whatever a library in there prints.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // Whoever waits for an answer hears of it; nobody has to.
  child.on('error', () => {});
  release(child);
  const ready = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code, killer]) => {
      throw new WorkbenchError(
        'runtime',
        `the process that runs generated code ended with ${killer ?? `exit code ${code}`} while it started`,
        'The machine may have run out of memory or of processes.',
      );
    }),
  ]);
  ready.catch(() => {});
  return { child, ready };
}

/** Keeps this process alive while it waits for the child. */
function hold(child: ChildProcess): void {
  child.ref();
  child.channel?.ref();
}

/** A grader that waits keeps nobody alive; it ends with this process. */
function release(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}
