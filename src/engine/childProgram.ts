import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** A program that the engine starts as a process of its own: its file, and the options of Node.js that it needs. */
export interface ChildProgram {
  path: string;
  execArgv: string[];
}

/** Finds a program by its name and the address of the module that starts it, which is in the same folder of the sources. */
export function childProgram(name: string, starter: string): ChildProgram {
  // Beside the engine when bundled, among the sources when run from them.
  const bundled = fileURLToPath(new URL(`./${name}.mjs`, starter));
  const path = existsSync(bundled) ? bundled : fileURLToPath(new URL(`./${name}.ts`, starter));
  return { path, execArgv: loaders(process.execArgv) };
}

/** Starts a program, found as by childProgram, as a thread of this process. */
export function startThread(name: string, starter: string, workerData: unknown): Worker {
  const { path } = childProgram(name, starter);
  if (path.endsWith('.mjs')) return new Worker(path, { workerData, execArgv: [] });
  // What processes load TypeScript with does not reach threads.
  const [loader, program] = [import.meta.resolve('tsx/esm/api'), pathToFileURL(path).href];
  const start = `import('${loader}').then(({ register }) => { register(); return import('${program}'); })`;
  return new Worker(start, { eval: true, workerData, execArgv: [] });
}

/** Of options of Node.js those that load something first, such as TypeScript; `--eval` would run this program again. */
function loaders(options: readonly string[]): string[] {
  return options.filter(
    (option, i) => /^--(import|require)(=|$)/.test(option) || /^--(import|require)$/.test(options[i - 1] ?? ''),
  );
}
