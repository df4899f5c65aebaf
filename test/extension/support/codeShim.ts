import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Editor } from './installEditor.ts';
import { allNotifications } from './notifications.ts';
import { startWorkbench } from './workbench.ts';

/** Runs a suite as `code` would with these arguments; the exit code is the suite's. */

const longest = 480_000;

const { values, positionals } = parseArgs({
  options: {
    extensionDevelopmentPath: { type: 'string' },
    extensionTestsPath: { type: 'string' },
    'user-data-dir': { type: 'string' },
  },
  // Those that only a desktop has are passed over.
  strict: false,
  allowPositionals: true,
});
const text = (value: string | boolean | undefined) => (typeof value === 'string' ? value : undefined);

// Whoever started this has ended.
process.stdin.resume().on('end', () => process.exit(1));

let end: (code: number) => void;
const ended = new Promise<number>(resolve => {
  end = resolve;
});
const bench = await startWorkbench(JSON.parse(process.env.SUITE_EDITOR!) as Editor, {
  folder: positionals[0]!,
  dataFolder: dirname(text(values['user-data-dir'])!),
  isTrusted: !process.env.SUITE_RESTRICTED,
  extension: text(values.extensionDevelopmentPath),
  suite: text(values.extensionTestsPath),
  onSuiteEnd: code => end(code),
});
setTimeout(() => end(1), longest);
const code = await ended;
if (process.env.SUITE_MESSAGES)
  writeFileSync(process.env.SUITE_MESSAGES, JSON.stringify(await allNotifications(bench)));
await bench.close();
process.exit(code);
