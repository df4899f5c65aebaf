import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { ShownReport } from '../../src/protocol/views/report.ts';
import { reportHtml } from '../../src/report/reportHtml.tsx';
import { interval, points } from '../../src/text/numbers.ts';
import { browserMissing } from '../support/browser.ts';
import { checkFocusAfterActions, checkState } from './support/accessible.ts';
import { startBrowser } from './support/plainPage.ts';

const recorded: { two: [ShownReport, ShownReport] } = JSON.parse(
  readFileSync(new URL('../../webview/report/recorded.json', import.meta.url), 'utf8'),
);
const [first, second] = recorded.two;

test('the report view in Chromium', { skip: browserMissing }, async t => {
  const open = await startBrowser(t);

  await t.test('nobody is kept out of any state: one report, several, none found, no report', async () => {
    const page = await open('report');
    await compare(page);
    for (const numbers of await page.locator('summary').all()) await numbers.click();
    await checkState(page, 'view-report-compared');
    await page.getByRole('textbox', { name: 'Search' }).fill('in no answer');
    await page.getByText('0 of').waitFor();
    await checkFocusAfterActions(page, ['Stop comparing', 'Compare with…', 'Save HTML']);
    await page.close();
    for (const recorded of ['madeUp', 'broken', 'hostile']) {
      const other = await open('report', { recorded });
      await checkState(other, `view-report-${recorded}`);
      await other.close();
    }
  });

  await t.test('every score is there, drawn and as a number with its interval', async () => {
    const page = await open('report');
    const accuracy = page.locator('#accuracy');
    const drawn = await accuracy.locator('table.heat').textContent();
    await accuracy.locator('summary').click();
    const table = await accuracy.locator('table.data').innerText();
    for (const { system, cells } of first.rows)
      for (const [i, cell] of cells.entries()) {
        const { accuracy: share, correct, total } = cell.accuracy!;
        assert.ok(drawn!.includes(points(share)) && drawn!.includes(interval(cell.accuracy!)), `${system} ${i}`);
        const set = first.report.sets[i]!.name;
        assert.match(table, new RegExp(`${system}\\s+\\w+\\s+${set}\\s+${correct}\\s+${total}\\s+${points(share)}`));
      }
    await page.close();
  });

  await t.test('what the file of a report says, the view says in the same words', async () => {
    const places = ['.subtitle', '.headline', '#accuracy', '#forgetting', '#router', '#merges', '#storage', '#blends'];
    const page = await open('report');
    const said = () =>
      Promise.all([...places, '#training table >> nth=0', 'footer'].map(p => page.locator(p).textContent()));
    const inView = await said();
    await page.goto('about:blank');
    await page.setContent(reportHtml(first.report));
    assert.deepEqual(await said(), inView);
    await page.close();
  });

  await t.test('two reports: what differs beyond noise is marked, and can be had alone', async () => {
    const page = await open('report');
    await compare(page);
    const changes = second.rows.flatMap(row => row.cells.flatMap(cell => cell.change ?? []));
    const marked = changes.filter(change => change.beyondNoise);
    assert.ok(marked.length > 0 && marked.length < changes.length);
    const rows = page.locator('#comparison table').nth(1).locator('tbody tr');
    assert.equal(await rows.count(), changes.length);
    assert.equal(await rows.filter({ hasText: /[▲▼]/ }).count(), marked.length);
    await page.getByRole('checkbox', { name: 'Only what differs beyond noise' }).click();
    assert.equal(await rows.count(), marked.length);
    await page.reload();
    await rows.first().waitFor();
    assert.equal(await rows.count(), marked.length, 'the comparison and its filter are kept');
    await page.getByRole('button', { name: 'Stop comparing' }).click();
    assert.equal(await page.locator('#comparison').count(), 0);
    await page.close();
  });

  await t.test('examples by set and by words, kept over a reload', async () => {
    const page = await open('report');
    const examples = page.locator('#examples');
    const all = first.report.examples;
    assert.equal(await examples.locator('article').count(), all.length);
    const search = examples.getByRole('textbox', { name: 'Search' });
    await search.fill('DIFFERENCE of 99');
    const found = all.filter(({ prompt }) => prompt.includes('difference of 99'));
    assert.equal(await examples.locator('article').count(), found.length);
    assert.ok(found.length > 0);
    await page.reload();
    await examples.locator('article').first().waitFor();
    assert.equal(await examples.locator('article').count(), found.length);
    await search.fill('');
    const set = examples.getByRole('combobox', { name: 'Set' });
    await set.focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await examples.locator('article').count(), all.filter(e => e.set === all[0]!.set).length);
    await page.reload();
    await examples.locator('article').first().waitFor();
    const shown = await page.evaluate("document.getElementById('choose-set').value");
    assert.equal(shown, all[0]!.set, 'the choice is shown as it was');
    await page.close();
  });

  await t.test('the keyboard reaches everything', async () => {
    const page = await open('report');
    const focused = await focusOrder(page);
    for (const name of ['Compare with…', 'Save HTML', "Save 'Confusion' as PNG", 'Numbers', 'Loss of math', 'training'])
      assert.ok(
        focused.some(f => f.includes(name)),
        `${name} is not among ${focused.join(' | ')}`,
      );
    const chart = page.getByRole('img', { name: 'Loss of math' });
    await chart.focus();
    await page.keyboard.press('End');
    const key = page
      .locator('.chart')
      .first()
      .getByRole('button', { name: /^validation/ });
    assert.match(await key.innerText(), /0\.14\d/);
    await key.focus();
    await page.keyboard.press('Space');
    assert.equal(await key.getAttribute('aria-pressed'), 'false');
    await page.close();
  });

  await t.test('saving: the formats, and every plot as a picture of more than one colour', async () => {
    const page = await open('report', { theme: 'light' });
    for (const [button, format] of [
      ['Save HTML', 'html'],
      ['Save Markdown', 'markdown'],
      ['Save JSON', 'json'],
    ] as const) {
      await page.getByRole('button', { name: button }).click();
      assert.deepEqual(await saved(page), { path: first.path, format });
    }
    const buttons = page.getByRole('button', { name: /^Save '.*' as PNG$/ });
    assert.equal(await buttons.count(), 9);
    for (const button of await buttons.all()) {
      await button.click();
      const { name, base64 } = (await saved(page)) as { name: string; base64: string };
      assert.equal(await button.getAttribute('aria-label'), `Save '${name}' as PNG`);
      const colours = (await page.evaluate(`(${countColours})(${JSON.stringify(base64)})`)) as number;
      assert.ok(colours > 3, `${name}: ${colours} colours`);
    }
    await page.close();
  });

  await t.test('text of models and files is text', async () => {
    const page = await open('report', { recorded: 'hostile' });
    assert.equal(await page.locator('img, #examples b').count(), 0);
    assert.match(await page.locator('h1').innerText(), /^<img src=x/);
    assert.match(await page.locator('#examples article').innerText(), /<b>bold<\/b>/);
    await page.close();
  });

  await t.test('ten thousand points: drawn, told in a sentence, and a part of them in a table', async tt => {
    const page = await open('report', { recorded: 'long' });
    const described = page.locator('.chart p.hidden');
    assert.match(
      (await described.textContent())!,
      /^training: from 4\.2\d* at step 1 to 0\.2\d+ at step 10000, lowest/,
    );
    await page.locator('.chart summary').click();
    assert.ok((await page.locator('.chart tbody tr').count()) <= 51);
    tt.diagnostic(`drawn anew in ${Number(await page.evaluate(redrawMs)).toFixed(1)} ms`);
    await page.close();
  });

  await t.test('a file that is no report: what is wrong and what to do', async () => {
    const page = await open('report', { recorded: 'broken' });
    const alert = page.getByRole('alert');
    assert.equal(await alert.innerText(), 'runs/report.json is not a report.\n\nEvaluate a recipe to make one.');
    await page.close();
  });

  await t.test('a report that is written anew is shown anew', async () => {
    const page = await open('report', { recorded: 'changing' });
    await page.getByRole('heading', { name: 'evaluated again' }).waitFor();
    await page.close();
  });
});

async function compare(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Compare with…' }).click();
  await page.locator('#comparison').waitFor();
}

/** What Tab comes by, once around, by name. */
async function focusOrder(page: Page): Promise<string[]> {
  const names: string[] = [];
  do {
    await page.keyboard.press('Tab');
    names.push(String(await page.evaluate(focusedName)));
  } while (names.at(-1) !== '' && names.length < 200);
  return names;
}

/** Runs in the page; nothing once the focus has left it. */
const focusedName = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return '';
  const names = (e.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent);
  return e.getAttribute('aria-label') ?? (names.join(' ') || e.textContent);
})()`;

/** Runs in the page: from hiding the line of ten thousand points and showing it again until the next frame. */
const redrawMs = `new Promise(resolve => {
  const key = document.querySelector('.chart-key');
  key.click();
  requestAnimationFrame(() => {
    const started = performance.now();
    key.click();
    requestAnimationFrame(() => resolve(performance.now() - started));
  });
})`;

/** What the page has asked to save since the last time. */
async function saved(page: Page): Promise<unknown> {
  for (const until = Date.now() + 60_000; Date.now() < until; await delay(20)) {
    // Not waitForFunction, which the page's policy forbids: it evaluates text inside the page.
    const value = await page.evaluate('window.saved');
    if (!value) continue;
    await page.evaluate('window.saved = undefined');
    return value;
  }
  return undefined;
}

/** Runs in the page. */
const countColours = `async base64 => {
  const picture = new Image();
  picture.src = 'data:image/png;base64,' + base64;
  await picture.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const context = canvas.getContext('2d');
  context.drawImage(picture, 0, 0);
  return new Set(new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
}`;
