import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { withContributions } from '../../scripts/manifest.ts';
import {
  type CommandContribution,
  commands,
  type SettingContribution,
  settings,
} from '../../src/host/contributions.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test("package.json is what 'npm run manifest' makes of the tables", () => {
  const manifest = JSON.parse(read('package.json'));
  assert.deepEqual(manifest, withContributions(manifest));
});

test('every setting has a default that fits its schema, and a description', () => {
  for (const [id, setting] of Object.entries<SettingContribution>(settings)) {
    const { schema, default: value, description } = setting;
    const types = [schema.type].flat();
    const type =
      value === null ? 'null' : Number.isInteger(value) && types.includes('integer') ? 'integer' : typeof value;
    assert.ok(types.includes(type), `${id}: default ${value} is no ${types}`);
    assert.match(description, /^[A-Z0`].*\.$/s, id);
    if (typeof schema.pattern === 'string') assert.match(String(value), new RegExp(schema.pattern), id);
  }
});

test('shortcuts are not given twice', () => {
  const keys = Object.values<CommandContribution>(commands).flatMap(c => (c.key ? [c.key.key, c.key.mac] : []));
  assert.equal(new Set(keys).size, keys.length);
});

test('extension.ts wires, and nothing else', () => {
  const lines = read('src/extension.ts')
    .split('\n')
    .filter(line => !line.startsWith('import '));
  assert.ok(lines.length < 80, `${lines.length} lines beside imports`);
});

test('only host/report.ts shows error messages', () => {
  const host = fileURLToPath(new URL('../../src/host/', import.meta.url));
  const files = readdirSync(host, { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.ts'));
  const showing = files.filter(file => /\bshowErrorMessage\b/.test(readFileSync(host + file, 'utf8')));
  assert.deepEqual(showing, ['report.ts']);
});
