/**
 * Speed and memory, each row against a peer or a ceiling measured in the same run.
 *
 *   npm run bench [-- NAME… --base embedded|135M|0.5B|smollm2|qwen-coder --threads N --seeds N --out FOLDER]
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { baseNames, isThere } from './bases.ts';
import { isReached, type Row, ratioOf } from './row.ts';
import { groups } from './rows/groups.ts';
import { formatTable } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2' },
    // Rows that are measured on both bases are taken on this one alone.
    base: { type: 'string' },
    // Of quality: trains the example's experts so often in both arithmetics, which takes a while.
    seeds: { type: 'string', default: '0' },
    out: { type: 'string', default: 'runs/bench' },
    help: { type: 'boolean', default: false },
  },
});
const say = (message: string) => process.stderr.write(`${message}\n`);
const unknown = positionals.filter(name => !groups.some(g => g.name === name));
const bases = baseNames.filter(name => (values.base ?? name) === name && isThere(name, values.base !== undefined));
if (bases.length === 0) unknown.push(`--base ${values.base}`);
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) say(`There is no ${unknown.join(', ')}.`);
  say('npm run bench [-- NAME… --base embedded|135M|smollm2 --threads N --seeds N --out FOLDER]\n');
  for (const g of groups) say(`  ${g.name.padEnd(10)} ${g.about}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const started = new Date();
/** Mean number of runnable processes in the minute before, which is what others take of the cores. */
const load = loadavg()[0]!;
const { threads, seeds } = values;
const context = { threads: Number(threads), seeds: Number(seeds), bases, out: values.out, say };
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, threads: context.threads, load };
const rows: Row[] = [];
const failed: { group: string; reason: string }[] = [];
mkdirSync(values.out, { recursive: true });
const path = join(values.out, `${started.toISOString().replaceAll(':', '-')}.json`);
for (const group of groups) {
  if (positionals.length > 0 && !positionals.includes(group.name)) continue;
  try {
    rows.push(...(await group.run(context)));
  } catch (error) {
    // One peer that is not there must not cost the other rows.
    failed.push({ group: group.name, reason: (error as Error).message });
  }
  // After each group, so that a bench that is stopped leaves what it has measured.
  const judged = rows.map(row => ({ ...row, ratio: ratioOf(row), reached: isReached(row) }));
  const result = { started, machine, node: process.version, rows: judged, failed };
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
}

console.log(
  `${machine.cpu}, ${machine.cores} cores; ${machine.threads} threads a side; load of others ${load.toFixed(1)}; ${started.toISOString()}\n`,
);
console.log(formatTable(rows));
for (const { group, reason } of failed) console.log(`\n${group} was not measured: ${reason}`);
console.log(`\n${path}`);
process.exitCode = failed.length > 0 ? 1 : 0;
