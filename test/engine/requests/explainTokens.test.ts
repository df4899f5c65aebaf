import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { allLogits } from '../../../src/engine/runtime/model.ts';
import { openModel } from '../../../src/engine/runtime/openModel.ts';
import { readAdapter } from '../../../src/experiment/adapterFiles.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import { promptIds } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { assertClose } from '../../support/assertClose.ts';
import { testEngine } from '../../support/programs.ts';
import { tinyExperiment } from '../../support/tinyExperiment.ts';

const prompt = 'What is 3 + 4?';
const answer = ' It is 7, café 👋.';
const weights = { math: 0.75, code: -0.5 };

test('each token of an answer, as the base, the blend and each expert see it', async t => {
  const engine = testEngine(t);
  const recipe = tinyExperiment();
  await engine.request('train', { recipe, resume: false });
  const { experts, tokens } = await engine.request('explainTokens', { recipe, prompt, answer, weights });
  assert.deepEqual(experts, ['math', 'code']);
  assert.equal(tokens.map(({ text }) => text).join(''), answer);

  await t.test('agrees with a direct computation, one row and one sequence at a time', async tt => {
    const model = await openModel(await loadBase(join(import.meta.dirname, '../../../media/base')), 1);
    tt.after(() => model.dispose());
    for (const name of ['math', 'code'])
      model.bank.load(await readAdapter(join(dirname(recipe), 'runs/tiny/adapters', name), name));
    const { tokenizer, chatTemplate } = model.base.text();
    const before = promptIds(tokenizer, chatTemplate, [{ role: 'user', content: prompt }], false);
    const ids = tokenizer.encode(answer, { addSpecialTokens: false });
    assert.equal(tokens.length, ids.length);
    const { vocab } = model.base.config;
    const shares = async (row: Record<string, number>) => {
      const logits = await allLogits(model, [...before, ...ids], row);
      return ids.map((_, i) => softmax(logits.subarray((before.length + i - 1) * vocab, (before.length + i) * vocab)));
    };
    const base = await shares({});
    const rows = { blend: weights, math: { math: 0.75 }, code: { code: -0.5 } };
    for (const [row, gates] of Object.entries(rows)) {
      const expected = await shares(gates);
      const found = tokens.map(token => (row === 'blend' ? token.blend : token.experts[experts.indexOf(row)]!));
      const kl = expected.map((p, i) => sum(p.map((share, j) => share * Math.log(share / base[i]![j]!))));
      assert.ok(Math.max(...kl) > 1e-4, `${row} differs from the base`);
      assertClose(
        found.map(token => token.kl),
        kl,
        1e-5,
        `${row}: KL`,
      );
      assertClose(
        found.map(token => token.probability),
        expected.map((p, i) => p[ids[i]!]!),
        1e-5,
        `${row}: probability`,
      );
    }
    assert.deepEqual(new Set(tokens.map(token => token.base.kl)), new Set([0]));
    const best = base.map(p => tokenizer.decode([p.indexOf(Math.max(...p))], { cleanUp: false }));
    assert.deepEqual(
      tokens.map(token => token.base.top),
      best,
    );
  });

  await t.test('an expert without weight is left out; an empty answer has no tokens', async () => {
    const one = await engine.request('explainTokens', { recipe, prompt, answer, weights: { math: 1, code: 0 } });
    assert.deepEqual(one.experts, ['math']);
    assertClose(
      one.tokens.map(token => token.experts[0]!.kl),
      one.tokens.map(token => token.blend.kl),
      1e-9,
    );
    const none = await engine.request('explainTokens', { recipe, prompt, answer: '', weights });
    assert.deepEqual(none.tokens, []);
    await assert.rejects(
      engine.request('explainTokens', { recipe, prompt, answer, weights: { chess: 1 } }),
      /no expert is called 'chess'/,
    );
  });
});

function softmax(logits: Float32Array): number[] {
  const max = Math.max(...logits);
  const powers = Array.from(logits, x => Math.exp(x - max));
  const total = sum(powers);
  return powers.map(x => x / total);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
