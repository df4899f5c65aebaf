import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportHtml } from '../../src/report/reportHtml.tsx';
import { reportMarkdown } from '../../src/report/reportMarkdown.ts';
import { reportFixture } from './reportFixture.ts';

const voidElements = new Set(['meta', 'br', 'hr', 'img', 'input', 'link']);

/** Every tag of the page; fails on a tag that is not closed, or closed in the wrong order, or on a stray `<`. */
function checkTags(page: string): { name: string; attributes: string }[] {
  // In a style sheet no entity stands for its character.
  const text = page.replace(/<style>[^<&]*<\/style>/, '');
  const tags = [...text.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s+[\w-]+(?:="[^"<]*")?)*)\s*(\/?)>/gi)];
  const open: string[] = [];
  for (const [tag, closing, name, , selfClosing] of tags) {
    if (closing) assert.equal(open.pop(), name, `${tag} closes another element`);
    else if (!selfClosing && !voidElements.has(name!)) open.push(name!);
  }
  assert.deepEqual(open, []);
  assert.equal(text.match(/</g)!.length, tags.length + 1, 'every < but the doctype’s opens a known tag');
  return tags.map(([, , name, attributes]) => ({ name: name!, attributes: attributes! }));
}

function attributeValues(page: string, attribute: string): string[] {
  return [...page.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, 'g'))].map(match => match[1]!);
}

test('every score of the matrix is on the page, with its interval', () => {
  const report = reportFixture();
  const page = reportHtml(report);
  assert.equal(report.scores.length, 33);
  for (const { correct, total, low, high } of report.scores) {
    const cell = `>${((100 * correct) / total).toFixed(1)}<span class="sub">${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}</span></td>`;
    assert.ok(page.includes(cell), cell);
  }
  assert.equal(page.match(/<td class="heat-\d+ own">[\d.]+<span class="sub">/g)!.length, 3);
});

test('the headline: accuracy of 645 in 680, nothing forgotten and why, storage', () => {
  const page = reportHtml(reportFixture());
  assert.match(page, /<strong>94\.9<span class="unit"> %/);
  assert.match(page, /95 % interval 92\.9–96\.3; the base alone: 4\.7 %; 3 sets, 680 questions/);
  assert.match(page, /<strong>0<span class="unit"> answers/);
  assert.match(page, /✓ base hash unchanged, logits bit-equal \(1,024 probe tokens\)/);
  assert.match(page, /<strong>1\.9<span class="unit"> times smaller/);
  assert.match(page, /forgot 82\.5 points of math and 61\.5 points of code\./);
});

test('a base that changed is said, not hidden', () => {
  const report = reportFixture();
  report.base.hashAfter = 'sha256:other';
  report.forgetting.gateZeroBitEqual = false;
  report.forgetting.gateZeroDifference = 0.25;
  report.forgetting.experts[0]!.after -= 3;
  const page = reportHtml(report);
  assert.match(page, /class="warning"/);
  assert.match(page, /⚠ base hash CHANGED, logits DIFFER by up to 0\.25/);
  assert.match(page, /experts lost 3 answers to the training of the others/);
  assert.doesNotMatch(page, /Nothing was forgotten/);
});

test('the page is well formed, its ids are unique and its references resolve', () => {
  const page = reportHtml(reportFixture());
  checkTags(page);
  const ids = attributeValues(page, 'id');
  assert.equal(new Set(ids).size, ids.length);
  for (const attribute of ['aria-labelledby', 'aria-describedby']) {
    for (const id of attributeValues(page, attribute)) assert.ok(ids.includes(id), id);
  }
  for (const target of attributeValues(page, 'href')) assert.ok(ids.includes(target.slice(1)), target);
});

test('nothing is fetched and nothing runs', () => {
  const page = reportHtml(reportFixture());
  const tags = checkTags(page);
  const names = new Set(tags.map(({ name }) => name));
  for (const name of ['script', 'img', 'link', 'iframe', 'object', 'form', 'base']) assert.ok(!names.has(name), name);
  for (const { attributes } of tags) assert.doesNotMatch(attributes, /\s(src|srcset|style|xlink:href|on\w+)=/i);
  for (const target of attributeValues(page, 'href')) assert.match(target, /^#[a-z]+$/);
  assert.doesNotMatch(page, /https?:|url\(|@import/);
  assert.match(page, /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';/);
});

test('text from models and files is never markup', () => {
  const report = reportFixture();
  const hostile = `</title></style></details>"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u0000\ud800`;
  const escaped =
    "&lt;/title>&lt;/style>&lt;/details>&quot;'>&lt;script>alert(1)&lt;/script>&lt;img src=x onerror=alert(1)>&amp;amp;\ufffd\ufffd";
  const poison = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(poison);
    if (typeof value !== 'object' || value === null) return value;
    const kept = new Set(['kind', 'scorer', 'source']);
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        typeof each === 'string' && !kept.has(key) ? hostile : poison(each),
      ]),
    );
  };
  const page = reportHtml(poison(report) as typeof report);
  const names = new Set(checkTags(page).map(({ name }) => name));
  assert.ok(!names.has('script') && !names.has('img'));
  assert.ok(page.includes(`<dt>prompt</dt><dd>${escaped}</dd>`));
  assert.ok(page.includes(`<title>${escaped}: multi-LoRA report</title>`));
  assert.ok(!page.includes('\u0000'));
});

test('headings go down one level at a time, tables have scoped heads, pictures have a title and a description', () => {
  const page = reportHtml(reportFixture());
  const levels = [...page.matchAll(/<h([1-6])/g)].map(match => Number(match[1]));
  assert.equal(levels[0], 1);
  for (const [i, level] of levels.entries()) if (i > 0) assert.ok(level <= levels[i - 1]! + 1, `heading ${i}`);
  for (const [head] of page.matchAll(/<th\b[^>]*>/g)) assert.match(head, /scope="(col|row)"/);
  const pictures = [...page.matchAll(/<svg role="img"[^>]*><title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+</g)];
  // Three stages, the reliability diagram and three loss plots.
  assert.equal(pictures.length, 7);
  assert.equal(page.match(/role="img"/g)!.length, 7);
});

test('a merge that was fitted says to what, and how well', () => {
  const report = reportFixture();
  const [merge] = report.merges;
  assert.ok(!reportHtml(report).includes('fitted to') && !reportMarkdown(report).includes('fitted to'));
  merge!.fit = { texts: 6000, tokens: 293434, firstLoss: 0.324, loss: 0.0126, seconds: 81 };
  const said = 'fitted to 6,000 texts, 293,434 tokens, in 1 min 21 s; loss 0.324 → 0.0126';
  assert.ok(reportHtml(report).includes(said));
  assert.ok(reportMarkdown(report).includes(said));
});

test('the parts keep their order, and those the report lacks are left out', () => {
  const headings = (page: string) => [...page.matchAll(/<h2[^>]*>([^<]+)</g)].map(match => match[1]);
  const report = reportFixture();
  assert.deepEqual(headings(reportHtml(report)), [
    'Accuracy',
    'Forgetting',
    'Router',
    'Merges',
    'Training',
    'Storage and memory',
    'Blends',
    'Examples',
    'Machine and versions',
  ]);
  const bare = reportHtml({
    ...report,
    router: undefined,
    switching: undefined,
    merges: [],
    blends: [],
    examples: [],
    curves: [],
    experts: [],
    scores: [],
    sets: [],
    durations: [],
    forgetting: { ...report.forgetting, sequential: undefined, experts: [] },
    storage: { ...report.storage, adaptersResident: undefined },
  });
  checkTags(bare);
  assert.deepEqual(headings(bare), ['Forgetting', 'Storage and memory', 'Machine and versions']);
  assert.doesNotMatch(bare, /in sequence|Peak resident|routed accuracy|NaN|undefined|Infinity/);
});

test('without a router the headline is the experts on their own sets', () => {
  const report = reportFixture();
  report.scores = report.scores.filter(({ kind }) => kind !== 'routed');
  const page = reportHtml({ ...report, router: undefined });
  // (231 + 189 + 229) / 680
  assert.match(page, /<dt>accuracy, experts on their own sets<\/dt><dd><strong>95\.4</);
});

test('a run that diverged, and sets of no questions, still make a page without broken numbers', () => {
  const report = reportFixture();
  report.curves[0]!.train = report.curves[0]!.train.map((point, i) => ({ ...point, loss: i > 5 ? Number.NaN : 5 }));
  report.curves[1] = { expert: 'code', train: [], validation: [{ step: 0, loss: 0 }] };
  report.scores[0] = { ...report.scores[0]!, correct: 0, total: 0, low: 0, high: 1 };
  report.router!.confusion = report.router!.labels.map(() => []);
  report.router!.bins = [];
  const page = reportHtml(report);
  checkTags(page);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});
