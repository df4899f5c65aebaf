import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Filler, fillingTarget, gapAt, suggestFill } from '../../../src/extension/inline/fillGap.ts';
import { fillBase } from '../../support/fillTokenizer.ts';
import { testEngine } from '../../support/programs.ts';
import { described } from '../ask/described.ts';

/** Says a text in pieces, until it is told to stop. */
function saying(text: string, asked: string[] = []): Filler {
  return {
    rest: 1,
    async fill({ prefix }, signal, onText) {
      asked.push(prefix);
      let said = '';
      for (const piece of text.split(/(?<=\s)/)) {
        if (signal.aborted) return { text: said, finish: 'cancelled' };
        said += piece;
        onText(piece);
      }
      return { text: said, finish: 'stop' };
    },
  };
}

const suggested = (prefix: string, suffix: string, text: string, asked?: string[]) =>
  suggestFill({ path: 'a.ts', prefix, suffix }, saying(text, asked), new AbortController().signal);

test('a suggestion is one statement', async () => {
  assert.equal(await suggested('  const a = ', '\n', 'f(\n    1,\n  );\n  const b = 2;\n'), 'f(\n    1,\n  );');
  assert.equal(await suggested('const a = ', '\n', '1;'), '1;');
});

test('where a line is written already nothing is asked, and what stands behind is not suggested', async () => {
  const asked: string[] = [];
  assert.equal(await suggested('const a', 'bc = 1;\n', '1', asked), undefined);
  assert.equal(await suggested('', '\nlet a;', '1', asked), undefined);
  assert.equal(await suggested('f(', 'g(one, two, three));\n', '1', asked), undefined);
  assert.deepEqual(asked, []);
  assert.equal(await suggested('f(', ');\n', '1', asked), '1');
  assert.equal(await suggested('a();\n', '\nb();\n', 'b();\n'), undefined);
});

test('typing on before it rests asks nothing', async () => {
  const asked: string[] = [];
  const typing = new AbortController();
  const gap = { path: 'a.ts', prefix: 'let a', suffix: '' };
  const suggestion = suggestFill(gap, saying('1', asked), typing.signal);
  typing.abort();
  await assert.rejects(suggestion, { name: 'AbortError' });
  assert.deepEqual(asked, []);
});

test('the engine ends an answer that is long enough', async t => {
  const engine = testEngine(t);
  const base = fillBase();
  let tokens = 0;
  const filler: Filler = {
    rest: 1,
    async fill({ prefix, suffix }, signal, onText) {
      const { answers } = await engine.request(
        'complete',
        {
          base,
          target: { kind: 'base' },
          input: { kind: 'fill', prefix, suffix },
          settings: { maxTokens: 150, temperature: 8, seed: 3 },
        },
        // What one writes by chance ends no statement soon.
        { signal, onProgress: progress => progress.kind === 'text' && onText(++tokens === 3 ? ';\nlet b' : '') },
      );
      return answers[0]!;
    },
  };
  await suggestFill({ path: 'a.ts', prefix: 'let a = ', suffix: '' }, filler, new AbortController().signal);
  assert.ok(tokens >= 3 && tokens < 100, `${tokens} pieces of 150 tokens`);
});

test('what is read around a cursor begins and ends with whole lines', () => {
  const line = `${'x'.repeat(99)}\n`;
  const { prefix, suffix } = gapAt('a.ts', `${line.repeat(50)}let a`, `\n${line.repeat(50)}`);
  assert.equal(prefix, `${line.repeat(17)}let a`);
  const { prefix: later } = gapAt('a.ts', `${line.repeat(52)}let abc`, '');
  assert.ok(later.startsWith(prefix.slice(0, 1700)), 'typing on moves the beginning');
  assert.equal(suffix, `\n${line.repeat(6)}`);
  assert.deepEqual(gapAt('a.ts', 'a\nb', 'c\nd'), { path: 'a.ts', prefix: 'a\nb', suffix: 'c\nd' });
});

test('the trained code expert fills, else one that has learned gaps, else the base; a base that cannot does not', () => {
  const expert = (name: string, isTrained: boolean, fills?: boolean) => ({
    ...{ name, domain: name, isTrained, isTrainable: true },
    ...(fills && { fills }),
  });
  const withExperts = (...experts: ReturnType<typeof expert>[]) =>
    fillingTarget({ ...described, base: { ...described.base, fills: true }, experts });
  assert.deepEqual(withExperts(expert('gaps', true, true), expert('code', true)), { kind: 'expert', name: 'code' });
  assert.deepEqual(withExperts(expert('gaps', true, true), expert('code', false)), { kind: 'expert', name: 'gaps' });
  assert.deepEqual(withExperts(expert('math', true)), { kind: 'base' });
  assert.equal(fillingTarget({ ...described, base: { ...described.base, fills: false } }), undefined);
});
