import assert from 'node:assert/strict';
import test from 'node:test';
import { browserMissing } from '../support/browser.ts';
import { checkState } from './support/accessible.ts';
import { startBrowser } from './support/plainPage.ts';

test('outputs of a recipe’s notebook in Chromium', { skip: browserMissing }, async t => {
  const open = await startBrowser(t);

  await t.test('nobody is kept out of any output: running, stopped, failed, done', async () => {
    const page = await open('notebook');
    // All of it on the picture.
    await page.setViewportSize({ width: 900, height: 2400 });
    for (const summary of await page.locator('summary').all()) await summary.click();
    await checkState(page, 'notebook');
    await page.close();
  });

  await t.test('what is drawn has its numbers', async () => {
    const page = await open('notebook');
    const output = (i: number) => page.locator('#view > section').nth(i - 1);
    assert.match(await output(1).innerText(), /Training math and code\s+step 120 of 200 · 3,401 tokens\/s · 34 s left/);
    assert.equal(await output(1).locator('progress').getAttribute('value'), '120');
    assert.match(await output(3).innerText(), /math\s+0\.93/);
    assert.match(await output(3).innerText(), /24 tokens in 0\.3 s/);
    assert.equal(await output(8).locator('td').filter({ hasText: '95.3' }).count(), 1);
    assert.equal(await output(8).locator('.lora-own').count(), 3);
    const last = page.locator('#view > section').last();
    assert.match(await last.innerText(), /fitted to 6,000 texts, 293,434 tokens, in 1 min 21 s; loss 0\.324 → 0\.0126/);
    await page.close();
  });

  await t.test('an output that changes is drawn on in place', async () => {
    const page = await open('notebook');
    // As text: a function would come with names that the compiler gives it and the page does not know.
    const kept = await page.evaluate<{ same: boolean; markup: number; text: string }>(`(async () => {
      const { activate } = await import('/notebook/notebook.js');
      const renderer = activate();
      const place = document.createElement('div');
      document.body.append(place);
      const canvases = [1, 9].map(step => {
        const experts = ['<b>math</b>'];
        const curves = [{ expert: experts[0], train: [{ step, loss: 1, learningRate: 1 }], validation: [] }];
        const state = step === 9 ? 'done' : 'running';
        const json = () => ({ kind: 'train', state, experts, step, steps: 9, curves });
        renderer.renderOutputItem({ id: 'live', json }, place);
        return place.querySelector('canvas');
      });
      return {
        same: canvases[0] === canvases[1],
        markup: place.querySelectorAll('b').length,
        text: place.innerText,
      };
    })()`);
    assert.deepEqual([kept.same, kept.markup], [true, 0]);
    assert.match(kept.text, /Trained <b>math<\/b>\s+step 9 of 9/);
    await page.close();
  });
});
