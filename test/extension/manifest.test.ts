import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { views as pages } from '../../scripts/build/bundles.mjs';
import { withContributions } from '../../scripts/docs/manifest.ts';
import { translatableTexts } from '../../scripts/docs/translatable.ts';
import type { CommandContribution } from '../../src/extension/contributions/commandContribution.ts';
import { commands } from '../../src/extension/contributions/commands.ts';
import { panelViews } from '../../src/extension/contributions/panels.ts';
import { type SettingContribution, settings } from '../../src/extension/contributions/settings.ts';
import { views, viewsWelcome } from '../../src/extension/contributions/sidebar.ts';
import { walkthrough } from '../../src/extension/contributions/walkthrough.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test("package.json is what 'npm run manifest' makes of the tables", () => {
  const manifest = JSON.parse(read('package.json'));
  const made = withContributions(manifest);
  assert.deepEqual(manifest, made.manifest);
  assert.deepEqual(JSON.parse(read('package.nls.json')), made.texts);
});

test('every text of package.json that people read is in package.nls.json', () => {
  const manifest = read('package.json');
  const keys = [...manifest.matchAll(/"%([^%"]+)%"/g)].map(match => match[1]!);
  assert.deepEqual([...new Set(keys)].toSorted(), Object.keys(JSON.parse(read('package.nls.json'))).toSorted());
  assert.doesNotMatch(manifest, /"(title|label|displayName|markdownDescription|contents|altText)": "[^%]/);
});

test("l10n has every text that the extension translates: 'npm run manifest' collects them", () => {
  const texts = translatableTexts();
  assert.deepEqual(JSON.parse(read('l10n/bundle.l10n.json')), texts);
  assert.ok(texts['Keep a Copy and Train']);
});

/** Calls that show their texts as they are. */
const showing =
  /\bshow(?:Information|Warning|Error)Message\(\s*(?:\{[^}]*\}, *)?[`'"]|\b(?:title|placeHolder|openLabel|saveLabel): [`'"][A-Z]/g;

test('what is shown to people goes through the editor’s translation', () => {
  const folder = fileURLToPath(new URL('../../src/extension/', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    // What agents read is not translated, nor are the tables of package.json, which has its own file.
    .filter(name => name.endsWith('.ts') && !/^(agents|contributions)\b/.test(name))
    .map(name => ({ name, text: readFileSync(folder + name, 'utf8') }));
  const plain = files
    .filter(({ text }) => /^import (?!type )[^;]*from 'vscode';/m.test(text))
    .flatMap(({ name, text }) => [...text.matchAll(showing)].map(([found]) => `${name}: ${found}`));
  assert.deepEqual(plain, []);
});

test('every view in panels has its program', () => {
  assert.deepEqual(
    panelViews.filter(view => !pages.includes(view)),
    [],
  );
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

test('every setting is under one heading', () => {
  const { configuration } = JSON.parse(read('package.json')).contributes;
  const shown = configuration.flatMap((group: { properties: object }) => Object.keys(group.properties));
  assert.deepEqual(
    shown.toSorted(),
    Object.keys(settings)
      .map(id => `multiLora.${id}`)
      .toSorted(),
  );
});

test('in the context menu of an editor the extension has one entry, under its name', () => {
  const { menus, submenus } = JSON.parse(read('package.json')).contributes;
  const own = { submenu: 'multiLora.editor', when: 'editorIsOpen', group: '1_multiLora@1' };
  assert.deepEqual(menus['editor/context'], [own]);
  assert.ok(menus[own.submenu].length > 1);
  const texts = JSON.parse(read('package.nls.json'));
  const labels = submenus.map(({ label }: { label: string }) => texts[label.replaceAll('%', '')]);
  assert.deepEqual([...new Set(labels)], ['Multi-LoRA']);
});

test('no setting is within another, whose value the editor would give as an object', () => {
  const ids = Object.keys(settings);
  assert.deepEqual(
    ids.filter(id => ids.some(other => id.startsWith(`${other}.`))),
    [],
  );
});

test('shortcuts are not given twice', () => {
  const keys = Object.values<CommandContribution>(commands).flatMap(c => (c.key ? [c.key.key, c.key.mac] : []));
  assert.equal(new Set(keys).size, keys.length);
});

test('the walkthrough links to commands that are there, and its pictures follow the theme', () => {
  for (const { description, media, completionEvents } of walkthrough.steps) {
    const named = [...description.matchAll(/\(command:([\w.]+)\)/g)].map(match => match[1]!);
    assert.ok(named.length > 0, description);
    for (const id of [...named, ...completionEvents.map(event => event.slice('onCommand:'.length))])
      assert.ok(id in commands || views.some(view => id === `${view.id}.focus`), id);
    const picture = read(media.svg);
    assert.doesNotMatch(picture, /(fill|stroke)="(?!none|var\(--vscode-)/);
  }
});

test('an empty view says what to do next, with commands that are there; its picture takes the theme’s colour', () => {
  const editors = ['workbench.trust.manage', 'workbench.actions.view.problems'];
  for (const { view, contents } of viewsWelcome) {
    assert.ok(
      views.some(v => v.id === view),
      view,
    );
    for (const [, id] of contents.matchAll(/\(command:([\w.]+)\)/g))
      assert.ok(id! in commands || editors.includes(id!), id);
  }
  for (const { id } of views)
    assert.ok(
      viewsWelcome.some(w => w.view === id),
      id,
    );
  // The editor uses the shape alone.
  assert.match(read('media/activityBar.svg'), /width="24" height="24"/);
});

test('activate.ts wires, and nothing else', () => {
  const lines = read('src/extension/activate.ts')
    .split('\n')
    .filter(line => !line.startsWith('import '));
  assert.ok(lines.length < 80, `${lines.length} lines beside imports`);
});

test('only services/messages.ts shows error messages', () => {
  const host = fileURLToPath(new URL('../../src/extension/', import.meta.url));
  const names = readdirSync(host, { recursive: true, encoding: 'utf8' }).map(name => name.replaceAll('\\', '/'));
  const files = names.filter(name => name.endsWith('.ts'));
  const showing = files.filter(file => /\bshowErrorMessage\b/.test(readFileSync(host + file, 'utf8')));
  assert.deepEqual(showing, ['services/messages.ts']);
});
