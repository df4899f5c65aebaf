import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Locator, Page } from 'playwright-core';
import type { Weights } from '../../src/protocol/target.ts';
import type { Lab, LabAnswer } from '../../src/protocol/views/blend.ts';
import { browserMissing } from '../support/browser.ts';
import { checkFocusAfterActions, checkState, toldWhile } from './support/accessible.ts';
import { startBrowser, until } from './support/plainPage.ts';

interface Recorded {
  prompt: string;
  lab: Lab;
  route: { weights: Weights };
  answers: { weights: Weights; answer: LabAnswer; explanation: { tokens: { text: string }[] } }[];
}
const recorded: Recorded = JSON.parse(
  readFileSync(new URL('../../webview/blend/recorded.json', import.meta.url), 'utf8'),
);
const recordedFor = (weights: Weights) =>
  recorded.answers.find(each => JSON.stringify(each.weights) === JSON.stringify(weights))!;

test('the blend lab in Chromium', { skip: browserMissing }, async t => {
  const open = await startBrowser(t);

  await t.test('nobody is kept out of any state: empty, busy, failed, done', async () => {
    const page = await open('blend');
    await page.setViewportSize({ width: 1200, height: 2400 });
    await checkState(page, 'view-blend-empty');
    await page.getByRole('button', { name: 'Find Weights…' }).nth(1).click();
    await page.getByText('Found: math').waitFor();
    await page.getByRole('checkbox', { name: 'Show which expert pulled each token' }).click();
    await ask(page);
    await page.getByRole('listbox', { name: 'Tokens of the answer' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Compare Methods' }).click();
    await page.getByText('Compared.').waitFor();
    await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
    await checkState(page, 'view-blend-done');
    await page.close();
    const busy = await open('blend', { recorded: 'slow' });
    await ask(busy);
    await busy.getByRole('checkbox', { name: 'Fitted methods too' }).click();
    await busy.getByRole('button', { name: 'Find Weights…' }).first().click();
    await busy.getByRole('button', { name: 'Compare Methods' }).click();
    await busy.getByText('distilling, 120 of 400').waitFor();
    await checkState(busy, 'view-blend-busy');
    await busy.close();
    for (const recorded of ['failing', 'untrained', 'partly', 'broken']) {
      const other = await open('blend', { recorded });
      if (recorded === 'failing') {
        await ask(other);
        await other.getByText('Shorten the prompt').first().waitFor();
      }
      await checkState(other, `view-blend-${recorded}`);
      await other.close();
    }
  });

  await t.test('the focus stays where work was begun, also while its button is disabled or gone', async () => {
    const page = await open('blend');
    await ask(page);
    await page.getByRole('slider', { name: 'math in blend A' }).focus();
    await page.keyboard.press('End');
    const again = ['Find Weights…', 'Compare Methods', 'Merge to Adapter…', 'Normalise', 'Save in the Recipe…', 'Stop'];
    await checkFocusAfterActions(page, ['Add a Blend', 'Remove blend C', 'Remove blend B', ...again]);
    await page.getByRole('button', { name: 'Compare Methods' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Compared.').waitFor();
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Compare Methods');
    await page.close();
    const slow = await open('blend', { recorded: 'slow' });
    await slow.getByRole('slider', { name: 'math in blend A' }).focus();
    await slow.keyboard.press('End');
    await slow.getByRole('checkbox', { name: 'Fitted methods too' }).click();
    await slow.getByRole('button', { name: 'Compare Methods' }).focus();
    await slow.keyboard.press('Enter');
    await slow.getByText('distilling, 120 of 400').waitFor();
    assert.equal(await slow.evaluate('document.activeElement.textContent'), 'Cancel', 'what is there in its place');
    await slow.keyboard.press('Enter');
    await slow.getByText('Cancelled.').waitFor();
    assert.equal(await slow.evaluate('document.activeElement.textContent'), 'Compare Methods');
    await slow.close();
  });

  await t.test('screen readers are told when work begins and ends, and of its steps where they come by', async () => {
    const page = await open('blend');
    await page.getByRole('slider', { name: 'math in blend A' }).focus();
    await page.keyboard.press('End');
    const told = await toldWhile(page, async () => {
      await page.getByRole('button', { name: 'Find Weights…' }).first().click();
      await page.getByText('Found: math').waitFor();
      await page.getByRole('button', { name: 'Compare Methods' }).click();
      await page.getByText('Compared.').waitFor();
    });
    const statuses = told.status!.map(text => text.slice(0, 10));
    assert.deepEqual(statuses, ['Finding we', 'Found: mat', 'Comparing ', 'Compared.']);
    await page.close();
  });

  await t.test('a prompt is routed, and each blend answers it', async () => {
    const page = await open('blend');
    await settled(page);
    assert.match(await answer(page, 'A').innerText(), /^Write a prompt/);
    await ask(page);
    await settled(page);
    assert.equal(await answer(page, 'A').innerText(), recordedFor(recorded.route.weights).answer.text.trim());
    assert.match(await page.locator('.route').innerText(), /^Router: /);
    assert.equal(await page.locator('.routed-prompt').innerText(), recorded.prompt);
    assert.ok((await page.locator('.routed-prompt mark').count()) > 0);
    const [a, b] = (await asked(page)).slice(-2);
    const { decoding } = recorded.lab;
    assert.deepEqual(
      [a!.prompt, b!.prompt, a!.decoding, b!.decoding],
      [recorded.prompt, recorded.prompt, decoding, decoding],
    );
    await page.close();
  });

  await t.test('a slider that is moved changes the weights, and the answer follows', async tt => {
    const page = await open('blend');
    await ask(page);
    await settled(page);
    await slider(page, 'math', 'B').focus();
    await page.keyboard.press('End');
    assert.deepEqual(await shownWeights(page, 'B'), { math: '1.00', code: '0.00', qa: '0.00' });
    await settled(page);
    assert.equal(await answer(page, 'B').innerText(), recordedFor({ math: 1 }).answer.text.trim());
    assert.deepEqual((await asked(page)).at(-1)!.weights, { math: 1 });
    const choice = page.getByRole('combobox', { name: 'Weights of blend B' });
    assert.equal(await choice.locator('[aria-selected=true]').textContent(), 'Own weights');

    await tt.test('the others make room; a locked one does not', async () => {
      await pane(page, 'B').getByRole('button', { name: 'Lock math in blend B', exact: true }).click();
      await slider(page, 'code', 'B').focus();
      await page.keyboard.press('End');
      assert.deepEqual(await shownWeights(page, 'B'), { math: '1.00', code: '0.00', qa: '0.00' });
      await pane(page, 'B').getByRole('button', { name: 'Lock math in blend B', exact: true }).click();
      await page.keyboard.press('Shift+Tab');
      const number = pane(page, 'B').getByRole('spinbutton', { name: 'math in blend B, as a number' });
      await number.fill('0.4');
      await number.press('Enter');
      assert.deepEqual(await shownWeights(page, 'B'), { math: '0.40', code: '0.30', qa: '0.30' });
    });

    await tt.test('negative weights where they are wanted', async () => {
      assert.equal(await slider(page, 'qa', 'B').getAttribute('min'), '0');
      await page.getByRole('checkbox', { name: 'Negative weights' }).click();
      await page.getByRole('checkbox', { name: 'Weights sum to 1' }).click();
      assert.equal(await slider(page, 'qa', 'B').getAttribute('min'), '-1');
      await slider(page, 'qa', 'B').focus();
      await page.keyboard.press('Home');
      assert.deepEqual(await shownWeights(page, 'B'), { math: '0.40', code: '0.30', qa: '-1.00' });
      await settled(page);
      assert.deepEqual((await asked(page)).at(-1)!.weights, { math: 0.4, code: 0.3, qa: -1 });
      await pane(page, 'B').getByRole('button', { name: 'Normalise' }).click();
      assert.equal(await pane(page, 'B').getByText(/^sum/).innerText(), 'sum 1.00');
    });
    await page.close();
  });

  await t.test(
    'weights are found, told with what they are worth, and put on the sliders; a search can be cancelled',
    async () => {
      const page = await open('blend');
      await page.getByRole('button', { name: 'Find Weights…' }).nth(1).click();
      await page.getByText('Found: math 0.82, code -0.06, qa 0.00').waitFor();
      assert.deepEqual(await shownWeights(page, 'B'), { math: '0.82', code: '-0.06', qa: '0.00' });
      const told = await pane(page, 'B').locator('details').innerText();
      assert.match(
        told,
        /Compared with equal weights \(loss 0\.62 per token\): −0\.41 \(−0\.55 to −0\.27\), beyond noise/,
      );
      assert.match(told, /do not tell whether the weights are better than the best expert, math/);
      await page.close();

      const slow = await open('blend', { recorded: 'slow' });
      await slow.getByRole('button', { name: 'Find Weights…' }).first().click();
      await slow.getByText('trying weights').waitFor();
      await slow.getByRole('button', { name: 'Cancel the Search' }).click();
      await slow.getByText('Cancelled.').waitFor();
      assert.equal(await slow.getByRole('button', { name: 'Find Weights…' }).count(), 2);
      await slow.close();
    },
  );

  await t.test('a question under way is cancelled when a weight moves, and its text shows no more', async () => {
    const page = await open('blend', { recorded: 'slow' });
    await ask(page);
    await until(page, 'seen.asked.length >= 2');
    await slider(page, 'qa', 'A').focus();
    await page.keyboard.press('End');
    await until(page, 'seen.cancelled >= 1');
    await settled(page);
    assert.equal(await answer(page, 'A').innerText(), recordedFor({ qa: 1 }).answer.text.trim());
    await page.close();
  });

  await t.test('presets: each sets its weights', async () => {
    const page = await open('blend');
    await ask(page);
    const choice = page.getByRole('combobox', { name: 'Weights of blend B' });
    const found: Record<string, Record<string, string>> = {};
    for (const option of await choice.locator('vscode-option').all()) {
      const text = (await option.textContent())!;
      await choice.click();
      await option.click();
      found[text] = await shownWeights(page, 'B');
    }
    assert.deepEqual(found['Base alone'], { math: '0.00', code: '0.00', qa: '0.00' });
    assert.deepEqual(found.Equal, { math: '0.33', code: '0.33', qa: '0.33' });
    assert.deepEqual(found['qa alone'], { math: '0.00', code: '0.00', qa: '1.00' });
    assert.deepEqual(found['review (recipe)'], { math: '0.00', code: '0.80', qa: '0.20' });
    assert.deepEqual(found['by score (evaluated)'], { math: '0.33', code: '0.33', qa: '0.34' });
    const { weights } = recorded.route;
    const routed = Object.fromEntries(recorded.lab.experts.map(({ name }) => [name, (weights[name] ?? 0).toFixed(2)]));
    assert.deepEqual(found['Router’s choice for the prompt'], routed);
    await page.close();
  });

  await t.test('blends come and go; all of it is there after a reload', async () => {
    const page = await open('blend');
    await ask(page);
    await page.getByRole('button', { name: 'Add a Blend' }).click();
    assert.equal(await page.locator('.pane').count(), 3);
    await slider(page, 'qa', 'C').focus();
    await page.keyboard.press('End');
    await page.getByRole('checkbox', { name: 'Negative weights' }).click();
    await page.getByRole('button', { name: 'Remove blend A' }).click();
    assert.equal(await page.locator('.pane').count(), 2);
    await page.reload();
    await page.locator('.route').waitFor();
    await settled(page);
    assert.deepEqual(await shownWeights(page, 'B'), { math: '0.00', code: '0.00', qa: '1.00' });
    assert.equal(await slider(page, 'qa', 'B').getAttribute('min'), '-1');
    assert.equal(await answer(page, 'B').innerText(), recordedFor({ qa: 1 }).answer.text.trim());
    await page.close();
  });

  await t.test('tokens: arrow keys choose one, and its figures are shown', async () => {
    const page = await open('blend', { recorded: 'opened' });
    await ask(page);
    await page.getByRole('checkbox', { name: 'Show which expert pulled each token' }).click();
    const tokens = pane(page, 'A').getByRole('listbox', { name: 'Tokens of the answer' });
    await tokens.focus();
    await page.keyboard.press('Home');
    const { explanation } = recordedFor({ code: 0.8, qa: 0.2 });
    assert.equal(await tokens.getByRole('option').count(), explanation.tokens.length);
    await page.keyboard.press('ArrowRight');
    assert.equal(await tokens.locator('[aria-selected=true]').textContent(), explanation.tokens[1]!.text);
    const figures = pane(page, 'A').locator('.token-figures tbody tr');
    assert.deepEqual(await figures.locator('th').allTextContents(), ['base', 'code', 'qa', 'blend']);
    await page.close();
  });

  await t.test('merging: compared, chosen, made; figures of another blend go away', async () => {
    const page = await open('blend');
    await ask(page);
    await settled(page);
    await page.getByRole('button', { name: 'Compare Methods' }).click();
    await page.getByText('Compared.').waitFor();
    const rows = page.locator('#merge tbody tr');
    assert.match(await rows.filter({ hasText: 'cat' }).first().innerText(), /exact/);
    await page.getByRole('radio', { name: 'ties_svd', exact: true }).click();
    await page.getByRole('button', { name: 'Merge to Full Model…' }).click();
    await page.getByText('Merged into /experts/merged-model.').waitFor();
    const [merged] = (await page.evaluate('seen.merged')) as Record<string, unknown>[];
    assert.deepEqual([merged!.method, merged!.into, merged!.density], ['ties_svd', 'model', 0.5]);
    assert.deepEqual(merged!.weights, recorded.route.weights);
    await slider(page, 'qa', 'A').focus();
    await page.keyboard.press('End');
    assert.doesNotMatch(await rows.filter({ hasText: 'cat' }).first().innerText(), /exact$/m);
    await page.close();
  });

  await t.test(
    'methods that are fitted to data are compared where that is asked for, with how far a fit is',
    async () => {
      const page = await open('blend', { recorded: 'slow' });
      await ask(page);
      await page.getByRole('checkbox', { name: 'Fitted methods too' }).click();
      await page.getByRole('button', { name: 'Compare Methods' }).click();
      await page.getByText('distilled, 14 of 14: distilling, 120 of 400').waitFor();
      await page.locator('#merge').getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Cancelled.').waitFor();
      await page.getByRole('radio', { name: 'regmean', exact: true }).click();
      await page.getByRole('button', { name: 'Merge to Adapter…' }).click();
      await page.getByText('Merged into /experts/merged-adapter.').waitFor();
      const [merged] = (await page.evaluate('seen.merged')) as Record<string, unknown>[];
      assert.equal(merged!.method, 'regmean');
      await page.close();
    },
  );

  await t.test('a blend is saved with the weights that are shown', async () => {
    const page = await open('blend', { recorded: 'opened' });
    await pane(page, 'A').getByRole('button', { name: 'Save in the Recipe…' }).click();
    await page.getByText('Saved as mine: code 0.80, qa 0.20.').waitFor();
    assert.deepEqual(await page.evaluate('seen.saved'), [{ weights: { code: 0.8, qa: 0.2 } }]);
    await page.close();
  });

  await t.test('text of models and recipes is text', async () => {
    const page = await open('blend', { recorded: 'hostile' });
    await ask(page);
    await settled(page);
    assert.equal(await page.locator('img, #view b').count(), 0);
    assert.match(await answer(page, 'A').innerText(), /^<img src=x/);
    await page.close();
  });

  await t.test(
    'what cannot be: nothing trained, one not trained, a recipe with problems, an answer that fails',
    async () => {
      const untrained = await open('blend', { recorded: 'untrained' });
      assert.equal(await untrained.getByRole('heading').innerText(), 'No trained experts to blend');
      const partly = await open('blend', { recorded: 'partly' });
      assert.ok(await slider(partly, 'code', 'A').isDisabled());
      const broken = await open('blend', { recorded: 'broken' });
      assert.match(await broken.getByRole('alert').innerText(), /^three.lora.json has problems/);
      const failing = await open('blend', { recorded: 'failing' });
      await ask(failing);
      await answer(failing, 'A').locator('.problem').waitFor();
      assert.match(await answer(failing, 'A').innerText(), /300 tokens\s+Shorten the prompt/);
      for (const page of [untrained, partly, broken, failing]) await page.close();
    },
  );
});

async function ask(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Prompt' }).fill(recorded.prompt);
  await page.locator('.route').waitFor();
}

function pane(page: Page, title: string): Locator {
  return page.getByRole('article', { name: `Blend ${title}` });
}

function slider(page: Page, expert: string, title: string): Locator {
  return page.getByRole('slider', { name: `${expert} in blend ${title}` });
}

function answer(page: Page, title: string): Locator {
  return page.getByRole('region', { name: `Answer of blend ${title}` });
}

/** No answer is under way. */
async function settled(page: Page): Promise<void> {
  await page.locator('.answer[aria-busy=true]').first().waitFor({ state: 'detached' });
}

async function shownWeights(page: Page, title: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name } of recorded.lab.experts)
    found[name] = await pane(page, title)
      .getByRole('spinbutton', { name: `${name} in blend ${title}` })
      .inputValue();
  return found;
}

async function asked(page: Page): Promise<{ prompt: string; weights: Weights; decoding: unknown }[]> {
  return (await page.evaluate('seen.asked')) as never;
}
