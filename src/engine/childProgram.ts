import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** Of options of Node.js those that load something first, such as TypeScript; `--eval` would run this program again. */
function loaders(options: readonly string[]): string[] {
  return options.filter(
    (option, i) => /^--(import|require)(=|$)/.test(option) || /^--(import|require)$/.test(options[i - 1] ?? ''),
  );
}
