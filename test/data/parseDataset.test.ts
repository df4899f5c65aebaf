import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DatasetFormat } from '../../src/data/datasetFormats.ts';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { MAX_LINE_LENGTH, MAX_PROBLEMS } from '../../src/data/rows.ts';

const jsonl = (...rows: unknown[]) => rows.map(row => JSON.stringify(row)).join('\n');
const turns = (user: string, assistant: string) => [
  { role: 'user', content: user },
  { role: 'assistant', content: assistant },
];

/** Problems of a text as `where | code`, and the messages for a closer look. */
function check(text: string, fileName: string, expected: string[]): string[] {
  const { problems } = parseDataset(text, fileName);
  assert.deepEqual(
    problems.map(p => `${p.where} | ${p.code}`),
    expected,
  );
  return problems.map(p => p.message);
}

for (const [format, row, user] of [
  ['messages', { messages: turns('2+2?', '4') }, '2+2?'],
  ['promptCompletion', { prompt: '2+2?', completion: '4' }, '2+2?'],
  ['instruction', { instruction: 'Add.', input: '2 and 2', output: '4' }, 'Add.\n\n2 and 2'],
  ['instruction', { instruction: 'Add 2 and 2.', output: '4' }, 'Add 2 and 2.'],
  ['instruction', { instruction: 'Add 2 and 2.', input: '', output: '4' }, 'Add 2 and 2.'],
  ['questionAnswer', { question: '2+2?', answer: '4' }, '2+2?'],
  ['promptAnswer', { prompt: '2+2?', answer: '4' }, '2+2?'],
] as [DatasetFormat, Record<string, unknown>, string][])
  test(`reads ${Object.keys(row).join(' + ')}`, () => {
    const read = parseDataset(jsonl({ ...row, kind: 'add', tests: ['f(1) === 2'] }), 'a.jsonl');
    assert.deepEqual(read, {
      examples: [{ messages: turns(user, '4'), line: 1, meta: { kind: 'add', tests: ['f(1) === 2'] } }],
      format,
      problems: [],
    });
  });

test('reads system messages and several turns', () => {
  const messages = [{ role: 'system', content: 'Be short.' }, ...turns('a', 'b'), ...turns('c', 'd')];
  assert.deepEqual(parseDataset(jsonl({ messages }), 'a.jsonl').examples[0]!.messages, messages);
});

test('a byte order mark, CRLF and empty last lines do no harm', () => {
  const text = `\uFEFF${jsonl({ prompt: 'a', completion: 'b' }, { prompt: 'c', completion: 'd' }).replace('\n', '\r\n')}\r\n\r\n`;
  const { examples, problems } = parseDataset(text, 'a.jsonl');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    examples.map(e => [e.line, e.messages[1]!.content]),
    [
      [1, 'b'],
      [2, 'd'],
    ],
  );
});

test('reads CSV with quotes, line breaks in fields, empty lines and other separators', () => {
  const text = '\uFEFFquestion,answer,kind\r\n"What, is\r\nit?",4,x\r\n\r\nsecond,"say ""5""",y\r\n';
  assert.deepEqual(parseDataset(text, 'a.csv'), {
    examples: [
      { messages: turns('What, is\nit?', '4'), line: 2, meta: { kind: 'x' } },
      { messages: turns('second', 'say "5"'), line: 5, meta: { kind: 'y' } },
    ],
    format: 'questionAnswer',
    problems: [],
  });
  for (const mark of [';', '\t']) {
    const { examples } = parseDataset(`prompt${mark}completion\na, b${mark}c\n`, mark === ';' ? 'a.csv' : 'a.tsv');
    assert.deepEqual(examples[0]!.messages, turns('a, b', 'c'));
  }
});

test('a missing field is named with its file and line; the other lines are read', () => {
  const text = jsonl({ question: 'a', answer: 'b' }, { question: 'c', reply: 'd' }, { question: 'e', answer: 'f' });
  const [message] = check(text, 'math.jsonl', ['math.jsonl:2 | missingField']);
  assert.equal(
    message,
    "math.jsonl:2: field 'answer' is missing; a questionAnswer example needs it. The line has 'question', 'reply'.",
  );
  assert.equal(parseDataset(text, 'math.jsonl').examples.length, 2);
});

test('each kind of bad line has its own problem', () => {
  const good = jsonl({ question: 'a', answer: 'b' });
  check(`${good}\n\n${good}`, 'a.jsonl', ['a.jsonl:2 | emptyLine']);
  check(`${good}\n{"question": "a", "ans`, 'a.jsonl', ['a.jsonl:2 | badJson']);
  check(`${good}\n[1]`, 'a.jsonl', ['a.jsonl:2 | wrongType']);
  check(`${good}\n"a"`, 'a.jsonl', ['a.jsonl:2 | wrongType']);
  check(jsonl({ question: 'a', answer: 4 }), 'a.jsonl', ['a.jsonl:1 | wrongType']);
  check(jsonl({ question: 'a', answer: '  ' }), 'a.jsonl', ['a.jsonl:1 | emptyField']);
  check(jsonl({ question: 'a' }), 'a.jsonl', ['a.jsonl:1 | missingField']);
  check(jsonl({ text: 'a' }), 'a.jsonl', ['a.jsonl:1 | unknownFormat']);
  check(jsonl({ instruction: 'a', input: 4, output: 'b' }), 'a.jsonl', ['a.jsonl:1 | wrongType']);
  check('', 'a.jsonl', ['a.jsonl:1 | emptyFile']);
  check(' \n\n', 'a.jsonl', ['a.jsonl:1 | emptyFile']);
  check('question,answer\n', 'a.csv', ['a.csv:1 | emptyFile']);
  check('question,answer\na,b,c\nd\ne,f\n', 'a.csv', ['a.csv:2 | badCsv', 'a.csv:3 | badCsv']);
  check('question,question\na,b\n', 'a.csv', ['a.csv:1 | badCsv', 'a.csv:2 | missingField']);
  check('question,answer\n"a,b\n', 'a.csv', ['a.csv:2 | badCsv']);
});

test('bad chat messages are named by index', () => {
  const cases: [unknown, string, RegExp][] = [
    ['a', 'wrongType', /field 'messages' must be an array/],
    [[1], 'wrongType', /field 'messages\[0\]' must be an object/],
    [[{ role: 'bot', content: 'a' }], 'unknownRole', /field 'messages\[0\]\.role' is 'bot'; expected one of 'system'/],
    [[{ role: 'user' }], 'wrongType', /field 'messages\[0\]\.content' must be a string/],
    [[{ role: 'user', content: 'a' }], 'noAnswer', /end with the assistant's answer/],
    [[{ role: 'assistant', content: 'a' }], 'noAnswer', /must hold a user message/],
    [[], 'noAnswer', /must hold a user message/],
  ];
  for (const [messages, code, expected] of cases) {
    const [message] = check(jsonl({ messages }), 'a.jsonl', [`a.jsonl:1 | ${code}`]);
    assert.match(message!, expected);
  }
});

test('limits: a line of over a megabyte, more than 50 problems', () => {
  const [long] = check(jsonl({ question: 'x'.repeat(MAX_LINE_LENGTH), answer: 'b' }), 'a.jsonl', [
    'a.jsonl:1 | lineTooLong',
  ]);
  assert.match(long!, /has 1000028 characters, more than the 1000000 that are read/);
  check(`question,answer\n${'x'.repeat(MAX_LINE_LENGTH)},b\n`, 'a.csv', ['a.csv:2 | lineTooLong']);
  const { problems } = parseDataset('{\n'.repeat(80), 'a.jsonl');
  assert.equal(problems.length, MAX_PROBLEMS + 1);
  assert.match(problems.at(-1)!.message, /30 more problems are not listed/);
});

test('a format that is said is not guessed', () => {
  const text = jsonl({ prompt: 'a', completion: 'b', answer: 'c' });
  assert.equal(parseDataset(text, 'a.jsonl').examples[0]!.messages[1]!.content, 'b');
  assert.equal(parseDataset(text, 'a.jsonl', 'promptAnswer').examples[0]!.messages[1]!.content, 'c');
});

test('a field named __proto__ stays a field', () => {
  const { examples } = parseDataset('{"prompt":"a","completion":"b","__proto__":{"polluted":true}}', 'a.jsonl');
  assert.deepEqual(Object.keys(examples[0]!.meta), ['__proto__']);
  assert.equal((examples[0]!.meta as { polluted?: boolean }).polluted, undefined);
});

const words = fc.string({ unit: 'grapheme', minLength: 1 }).filter(s => s.trim() !== '' && !s.includes('\r'));

test('what is written as JSONL or CSV is read back (property)', () => {
  const cell = (value: string) => `"${value.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 8 }), rows => {
      const expected = rows.map(([q, a]) => turns(q, a));
      const asJsonl = jsonl(...rows.map(([question, answer]) => ({ question, answer })));
      const asCsv = `question,answer\n${rows.map(row => row.map(cell).join(',')).join('\n')}\n`;
      for (const [text, name] of [
        [asJsonl, 'a.jsonl'],
        [asCsv, 'a.csv'],
      ] as const) {
        const { examples, problems } = parseDataset(text, name);
        assert.deepEqual(problems, []);
        assert.deepEqual(
          examples.map(e => e.messages),
          expected,
        );
      }
    }),
  );
});

test('any text gives examples or problems and never throws (fuzz)', () => {
  const good = jsonl({ messages: turns('a', 'b') });
  const broken = fc
    .tuple(fc.nat(good.length), fc.nat(good.length), fc.string())
    .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(Math.min(good.length, at + cut)));
  const texts = fc.oneof(
    fc.string({ maxLength: 400 }),
    fc.json(),
    broken,
    fc.array(broken).map(lines => lines.join('\n')),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom('a.jsonl', 'a.csv', 'a.tsv'), (text, name) => {
      const { examples, problems } = parseDataset(text, name);
      assert.ok(examples.length + problems.length > 0);
      assert.ok(problems.length <= MAX_PROBLEMS + 1);
      for (const { where, message } of problems) assert.ok(where.startsWith(name) && message.startsWith(name));
      for (const { messages, line } of examples) {
        assert.ok(line >= 1 && line <= text.split(/\r\n?|\n/).length);
        assert.equal(messages.at(-1)!.role, 'assistant');
      }
    }),
    { numRuns: 500 },
  );
});
