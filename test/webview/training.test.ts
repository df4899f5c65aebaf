import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { DataPreview, TrainingForm, TrainingPlan } from '../../src/protocol/views/training.ts';
import { browserMissing } from '../support/browser.ts';
import { checkFocusAfterActions, checkState, toldWhile } from './support/accessible.ts';
import { startBrowser, until } from './support/plainPage.ts';

interface Recorded {
  loaded: { form: TrainingForm };
  plan: TrainingPlan;
  previews: Record<string, DataPreview>;
}
const recorded: Recorded = JSON.parse(
  readFileSync(new URL('../../webview/training/recorded.json', import.meta.url), 'utf8'),
);

test('the training view in Chromium', { skip: browserMissing }, async t => {
  const open = await startBrowser(t);

  await t.test('nobody is kept out of any state: empty, busy, failed, done', async () => {
    const page = await open('training');
    await page.setViewportSize({ width: 1200, height: 1500 });
    await page.locator('.plan .facts').waitFor();
    await page.getByRole('tab', { name: 'math' }).click();
    await page.locator('.examples').waitFor();
    await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
    await page.getByRole('checkbox', { name: 'all-linear' }).click();
    await page.mouse.move(0, 0);
    await checkState(page, 'view-training');
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page
      .getByRole('checkbox', { name: /^Compare/ })
      .last()
      .check();
    await page.locator('.checkpoints tbody tr').first().waitFor();
    await page.mouse.move(0, 0);
    await checkState(page, 'view-training-runs');
    await page.close();
    const busy = await open('training', { recorded: 'slow' });
    await busy.getByRole('button', { name: 'Train', exact: true }).click();
    await reaches(busy, 1);
    await checkState(busy, 'view-training-busy');
    await busy.close();
    for (const recorded of ['problems', 'noExperts', 'noRecipe', 'tooLarge', 'broken', 'unplanned']) {
      const other = await open('training', { recorded });
      await checkState(other, `view-training-${recorded}`);
      await other.close();
    }
  });

  await t.test('the focus stays where work was begun, also while its button is disabled or gone', async () => {
    const page = await open('training', { recorded: 'fresh' });
    await setting(page, 'lora', 'alpha').getByRole('textbox').fill('24');
    await page.keyboard.press('Tab');
    await checkFocusAfterActions(page, ['Save', 'Reset Rank to 16', /^Train/]);
    await reaches(page, 2);
    await checkFocusAfterActions(page, ['Pause', 'Resume', 'Stop']);
    await page.close();
    const list = await open('training');
    await list.getByRole('tab', { name: 'Runs' }).click();
    const compare = list.getByRole('checkbox', { name: /^Compare/ }).last();
    await compare.focus();
    await list.keyboard.press('Space');
    assert.ok(await compare.isChecked());
    assert.ok(await compare.evaluate(isFocused), 'the list was drawn anew around it');
    await list.close();
  });

  await t.test('screen readers are told of a run’s states, not of its steps', async () => {
    const page = await open('training', { recorded: 'fresh' });
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await reaches(page, 1);
    const told = await toldWhile(page, async () => {
      await reaches(page, 4);
      await page.getByRole('button', { name: 'Pause', exact: true }).click();
      await page.getByText(/^Paused at step/).waitFor();
    });
    assert.deepEqual(
      Object.values(told)
        .flat()
        .map(text => text.slice(0, 14)),
      ['Paused at step'],
    );
    await page.close();
  });

  await t.test('the base is chosen from a list, or typed', async () => {
    const page = await open('training', { recorded: 'fresh' });
    const base = setting(page, 'base');
    const list = base.getByRole('combobox', { name: 'Base' });
    await list.selectOption('models/small');
    assert.deepEqual(await nextEdit(page), { path: ['base'], value: 'models/small' });
    await list.selectOption('Other…');
    const typed = base.getByRole('textbox', { name: 'Base, typed' });
    await typed.fill('owner/name');
    await page.keyboard.press('Enter');
    assert.deepEqual(await nextEdit(page), { path: ['base'], value: 'owner/name' });
    await typed.waitFor({ state: 'hidden' });
    assert.equal(await list.inputValue(), 'owner/name');
    await page.close();
  });

  await t.test('a setting is written where it stands; what is changed is marked, and can be reset', async tt => {
    const page = await open('training', { recorded: 'fresh' });
    const rank = setting(page, 'lora', 'rank');
    assert.match((await rank.getAttribute('class'))!, /\bchanged\b/);
    const alpha = setting(page, 'lora', 'alpha');
    assert.doesNotMatch((await alpha.getAttribute('class'))!, /\bchanged\b/);
    assert.equal(await alpha.getByRole('textbox').getAttribute('placeholder'), '32');
    await alpha.getByRole('textbox').fill('24');
    await page.keyboard.press('Enter');
    await page.getByText('Unsaved changes').waitFor();
    assert.deepEqual(await nextEdit(page), { path: ['lora', 'alpha'], value: 24 });
    assert.match((await alpha.getAttribute('class'))!, /\bchanged\b/);

    await tt.test('to what holds without it: it is taken out again', async () => {
      await alpha.getByRole('textbox').fill('32');
      await page.keyboard.press('Tab');
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'alpha'] });
      await rank.getByRole('button', { name: 'Reset Rank to 16' }).click();
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'rank'] });
      assert.equal(await rank.getByRole('button').count(), 0);
    });

    await tt.test('what is no number, or out of range, is refused beside the field and not written', async () => {
      const before = (await edits(page)).length;
      for (const [text, why] of [
        ['eight', 'A whole number from 1 to 1024.'],
        ['0', 'A whole number from 1 to 1024.'],
        ['2.5', 'A whole number from 1 to 1024.'],
      ] as const) {
        await rank.getByRole('textbox').fill(text);
        await page.keyboard.press('Enter');
        assert.equal(await rank.getByRole('alert').innerText(), why);
        assert.equal(await rank.getByRole('textbox').getAttribute('aria-invalid'), 'true');
      }
      await page.keyboard.press('Escape');
      assert.equal(await rank.getByRole('textbox').inputValue(), '');
      assert.equal(await rank.getByRole('alert').innerText(), '');
      assert.equal((await edits(page)).length, before);
    });

    await tt.test('choices and flags', async () => {
      await setting(page, 'training', 'schedule').getByRole('combobox').click();
      await setting(page, 'training', 'schedule').getByRole('option', { name: 'linear' }).click();
      assert.deepEqual(await nextEdit(page), { path: ['training', 'schedule'], value: 'linear' });
      await setting(page, 'lora', 'rslora').getByRole('checkbox').click();
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'rslora'], value: true });
    });

    await tt.test('tables and lists of numbers are written as JSON; what is none is refused', async () => {
      const pattern = setting(page, 'lora', 'rankPattern');
      await pattern.getByRole('textbox').fill('{"down_proj": 4}');
      await page.keyboard.press('Enter');
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'rankPattern'], value: { down_proj: 4 } });
      await pattern.getByRole('button', { name: 'Reset Rank pattern to {}' }).click();
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'rankPattern'] });
      const blocks = setting(page, 'lora', 'layers');
      await blocks.getByRole('textbox').fill('0, 1');
      await page.keyboard.press('Enter');
      assert.equal(await blocks.getByRole('alert').innerText(), 'JSON, such as [0,1,2,3].');
      await blocks.getByRole('textbox').fill('[0, 1]');
      await page.keyboard.press('Enter');
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'layers'], value: [0, 1] });
      await blocks.getByRole('button', { name: 'Clear Layers' }).click();
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'layers'] });
    });

    await tt.test('layers: all of them, or some', async () => {
      const targets = setting(page, 'lora', 'targets');
      await targets.getByRole('checkbox', { name: 'all-linear' }).click();
      const all = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'targets'], value: all });
      await targets.getByRole('checkbox', { name: 'up_proj' }).click();
      const fewer = all.filter(name => name !== 'up_proj');
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'targets'], value: fewer });
      await targets.getByRole('checkbox', { name: 'all-linear' }).click();
      assert.deepEqual(await nextEdit(page), { path: ['lora', 'targets'] });
    });

    await tt.test('an expert’s own settings override those of all', async () => {
      await page.getByRole('tab', { name: 'math' }).click();
      const own = setting(page, 'experts', 'math', 'lora', 'rslora').getByRole('checkbox');
      assert.equal(await own.getAttribute('aria-checked'), 'true', 'what all experts have');
      await own.click();
      assert.deepEqual(await nextEdit(page), { path: ['experts', 'math', 'lora', 'rslora'], value: false });
    });

    await tt.test('saving', async () => {
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved', { exact: true }).waitFor();
      assert.equal(await page.evaluate('seen.saved'), 1);
    });
    await page.close();
  });

  await t.test('a form that is typed into is not disturbed by what changes elsewhere', async () => {
    const page = await open('training');
    const alpha = setting(page, 'lora', 'alpha').getByRole('textbox');
    await alpha.focus();
    await page.keyboard.type('1');
    await page.evaluate(`document.querySelector('.setting-flag vscode-checkbox').click()`);
    await page.getByText('Unsaved changes').waitFor();
    await page.keyboard.type('2');
    assert.equal(await alpha.inputValue(), '12');
    await page.close();
  });

  await t.test('the plan: memory, time and the learning rate of the chosen experts', async () => {
    const page = await open('training');
    await page.locator('.plan .facts').waitFor();
    const text = await page.locator('.plan').innerText();
    assert.match(text, /both-distilled distilled: ≈ 6 min 42 s and 918\.0 MB on the CPU, of 4,000 examples/);
    assert.match(text, /\d+ steps of/);
    assert.match(text, /activations\s+[\d.]+ MB/);
    const rates = page.locator('.plan .chart-canvas');
    const described = await page.locator(`#${await rates.getAttribute('aria-describedby')}`).textContent();
    const { rates: points } = recorded.plan.experts[0]!;
    assert.match(described!, new RegExp(`to [\\d.e-]+ at step ${points.at(-1)!.step}`));
    await page.locator('.start').getByRole('checkbox', { name: 'code' }).click();
    await until(page, 'seen.planned.length > 1');
    assert.deepEqual((await page.evaluate('seen.planned')) as string[][], [['math', 'code'], ['math']]);
    assert.equal(await page.getByRole('button', { name: 'Train math' }).count(), 1);
    await page.close();
    const large = await open('training', { recorded: 'tooLarge' });
    await large.getByText(/It does not fit: [\d.]+ MB of the limit of 400.0 MB/).waitFor();
    await large.close();
  });

  await t.test('the data: every token in its place, those that are learned marked', async () => {
    const page = await open('training');
    await page.getByRole('tab', { name: 'code' }).click();
    const first = page.locator('.example').first();
    await first.waitFor();
    const { tokens } = recorded.previews.code!.rows[0]!;
    assert.equal((await first.textContent())!.replaceAll('↵', ''), tokens.map(token => token.text).join(''));
    const learned = tokens.filter(token => token.isTrained).map(token => token.text);
    assert.deepEqual(
      (await first.locator('mark').allTextContents()).map(text => text.replaceAll('↵', '')),
      learned,
    );
    await page.close();
  });

  await t.test('a training: started, watched, paused, resumed, stopped', async () => {
    const page = await open('training', { recorded: 'fresh' });
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page.getByRole('heading', { name: 'No runs yet' }).waitFor();
    await page.getByRole('tab', { name: 'Configure' }).click();
    await page.getByRole('button', { name: /^Train/ }).click();
    await page.getByRole('tab', { name: /Runs/, selected: true }).waitFor();
    await reaches(page, 5);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText(/^Paused at step \d+\. Its checkpoint is on disk/).waitFor();
    await page.locator('.checkpoints tbody tr').first().waitFor();
    const paused = await stepNow(page);
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await reaches(page, paused + 3);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText(/^Stopped at step \d+\. It can go on/).waitFor();
    const losses = page.locator('.charts .chart-canvas').first();
    const described = await page.locator(`#${await losses.getAttribute('aria-describedby')}`).textContent();
    assert.match(described!, new RegExp(`training: from [\\d.]+ at step 1 to [\\d.]+ at step ${await stepNow(page)}`));
    await page.close();
  });

  await t.test('runs are drawn over one another', async () => {
    const page = await open('training');
    await page.getByRole('tab', { name: 'Runs' }).click();
    const keys = page.locator('.charts .chart').first().locator('.chart-key');
    await keys.first().waitFor();
    assert.equal(await keys.count(), 2);
    await page
      .getByRole('checkbox', { name: /^Compare/ })
      .last()
      .check();
    await keys.nth(3).waitFor();
    assert.equal(await keys.count(), 4);
    await page.reload();
    await page.locator('.charts .chart').first().locator('.chart-key').nth(3).waitFor();
    await page.close();
  });

  await t.test('checkpoints: go on from one, make one the adapter', async () => {
    const page = await open('training');
    await page.getByRole('tab', { name: 'Runs' }).click();
    const rows = page.locator('.checkpoints tbody tr');
    await rows.first().waitFor();
    await rows.first().getByRole('button', { name: 'Make It the Adapter' }).click();
    await page.getByText(/its adapter now\. The one before is kept in \/runs\/two\/previous\/math/).waitFor();
    const [promoted] = (await page.evaluate('seen.promoted')) as Record<string, unknown>[];
    assert.deepEqual([promoted!.expert, promoted!.isBest], ['math', false]);
    await rows.first().getByRole('button', { name: 'Go On from Here' }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await page.close();
  });

  await t.test('the keyboard alone is enough', async () => {
    const page = await open('training', { recorded: 'fresh' });
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    await page.getByRole('tab', { name: 'Configure' }).focus();
    for (let i = 0; i < 10 && (await focused(page)) !== 'All experts'; i++) await press('Tab');
    assert.equal(await focused(page), 'All experts');
    await press('ArrowRight');
    assert.equal(await focused(page), 'math');
    await press('Tab');
    assert.equal(await focused(page), 'Expert');
    await press('Enter');
    assert.equal(await page.locator('.section').first().getAttribute('open'), null);
    await press('Enter');
    const begin = page.getByRole('button', { name: /^Train/ });
    for (let i = 0; i < 20 && (await focused(page)) !== 'Train'; i++) await press('Shift+Tab');
    assert.equal(await focused(page), 'Train');
    assert.equal(await begin.count(), 1);
    await press('Enter');
    await reaches(page, 2);
    await page.getByRole('tab', { name: /Runs/ }).focus();
    for (let i = 0; i < 20 && (await focused(page)) !== 'Pause'; i++) await press('Tab');
    await press('Enter');
    await page.getByText(/^Paused at step/).waitFor();
    await page.close();
  });

  await t.test('what was chosen is there after a reload', async () => {
    const page = await open('training');
    await page.getByRole('tab', { name: 'code' }).click();
    await page.locator('summary', { hasText: 'Optimiser' }).click();
    await page.locator('.start').getByRole('checkbox', { name: 'math' }).click();
    await page.reload();
    await page.locator('.plan .facts').waitFor();
    assert.equal(await page.getByRole('tab', { name: 'code' }).getAttribute('aria-selected'), 'true');
    const optimiser = page.getByRole('heading', { name: 'Optimiser', exact: true });
    assert.notEqual(await page.locator('.section').filter({ has: optimiser }).getAttribute('open'), null);
    assert.equal(await page.getByRole('button', { name: 'Train code' }).count(), 1);
    await page.close();
  });

  await t.test('ten thousand points are drawn', async tt => {
    const page = await open('training', { recorded: 'long' });
    // The page is built when it is asked for, which is not the view's time.
    const painted = await page.evaluate(
      `performance.getEntriesByName('first-contentful-paint')[0].startTime - performance.getEntriesByType('navigation')[0].responseStart`,
    );
    tt.diagnostic(`first painted ${(painted as number).toFixed(0)} ms after the page came`);
    await page.getByRole('tab', { name: 'Runs' }).click();
    const losses = page.locator('.charts .chart-canvas').first();
    await losses.waitFor();
    const described = await page.locator(`#${await losses.getAttribute('aria-describedby')}`).textContent();
    assert.match(described!, /at step 10000/);
    const took = (await page.evaluate(`new Promise(resolve => {
      const began = performance.now();
      document.querySelector('.run-choice').click();
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
    })`)) as number;
    tt.diagnostic(`drawn again in ${took.toFixed(0)} ms`);
    await page.close();
  });

  await t.test('text of recipes, data and errors is text', async () => {
    const page = await open('training', { recorded: 'hostile' });
    await page.getByRole('tab', { name: 'math' }).click();
    await page.locator('.example').first().waitFor();
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page.locator('.run .problem').waitFor();
    assert.equal(await page.locator('#view img, #view b').count(), 0);
    assert.notEqual(await page.title(), '1');
    await page.close();
  });

  await t.test('what cannot be says what to do', async () => {
    const empty = await open('training', { recorded: 'noExperts' });
    await empty.getByText(/No expert has training data\. Run “Train an Expert on This File…”/).waitFor();
    const problems = await open('training', { recorded: 'problems' });
    assert.equal(
      await setting(problems, 'lora', 'rank').getByRole('alert').innerText(),
      'Expected number, got "eight"',
    );
    assert.match(await problems.locator('.form > div > .problem').innerText(), /no expert is called 'qa'/);
    await problems.getByText('What is wrong with the recipe has to be put right first.').waitFor();
    assert.notEqual(await problems.locator('.start-button').getAttribute('disabled'), null);
    const noRecipe = await open('training', { recorded: 'noRecipe' });
    await noRecipe.getByText('close brace expected at line 9').waitFor();
    await noRecipe.getByRole('button', { name: 'Open the Recipe' }).click();
    await until(noRecipe, 'seen.opened === 1');
    const broken = await open('training', { recorded: 'broken' });
    assert.match(await broken.getByRole('alert').innerText(), /not trusted/);
    const unplanned = await open('training', { recorded: 'unplanned' });
    await unplanned
      .locator('.plan')
      .getByText(/line 3: no answer/)
      .waitFor();
    for (const page of [empty, problems, noRecipe, broken, unplanned]) await page.close();
  });
});

function setting(page: Page, ...path: string[]): Locator {
  return page.locator(`[data-path=${JSON.stringify(JSON.stringify(path))}]`);
}

async function edits(page: Page): Promise<{ path: string[]; value?: unknown }[]> {
  return (await page.evaluate('seen.edits')) as never;
}

const counted = new WeakMap<Page, number>();

/** The edit after the one that was looked at last, once it has come. */
async function nextEdit(page: Page): Promise<{ path: string[]; value?: unknown }> {
  const at = counted.get(page) ?? 0;
  while ((await edits(page)).length <= at) await page.waitForTimeout(20);
  counted.set(page, at + 1);
  return (await edits(page))[at]!;
}

async function stepNow(page: Page): Promise<number> {
  const text = await page.locator('.run-facts').innerText();
  return Number(/(\d+) of/.exec(text)?.[1] ?? 0);
}

async function reaches(page: Page, step: number): Promise<void> {
  while ((await stepNow(page)) < step) await page.waitForTimeout(50);
}

/** Made from text: this file knows no types of pages. */
const isFocused = new Function('element', 'return element === document.activeElement') as (element: unknown) => boolean;

/** The text or name of what has the focus. */
async function focused(page: Page): Promise<string> {
  const text = (await page.evaluate(
    `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()`,
  )) as string;
  return text;
}
