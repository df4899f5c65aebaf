import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DataColumns } from '../../src/data/columns.ts';
import { parseDataset } from '../../src/data/parseDataset.ts';

const turns = (user: string, assistant: string) => [
  { role: 'user', content: user },
  { role: 'assistant', content: assistant },
];
const system = { role: 'system', content: 'Be brief.' };

/** Forms beside those of parseDataset.test.ts, each with the messages that it makes. */
const forms: [what: string, row: object, messages: object[]][] = [
  [
    "ShareGPT's",
    {
      conversations: [
        { from: 'system', value: 'Be brief.' },
        { from: 'human', value: '2+2?' },
        { from: 'gpt', value: '4' },
      ],
    },
    [system, ...turns('2+2?', '4')],
  ],
  [
    "ShareGPT's with a system message beside it",
    {
      system: 'Be brief.',
      conversations: [
        { from: 'user', value: 'a' },
        { from: 'chatgpt', value: 'b' },
      ],
    },
    [system, ...turns('a', 'b')],
  ],
  ['conversations of role and content', { conversations: turns('a', 'b') }, turns('a', 'b')],
  ['prompt and response', { prompt: 'a', response: 'b' }, turns('a', 'b')],
  ['query and response', { query: 'a', response: 'b' }, turns('a', 'b')],
  ['input and output', { input: 'a', output: 'b' }, turns('a', 'b')],
  ["Dolly's", { instruction: 'a', context: 'c', response: 'b' }, turns('c\n\na', 'b')],
  ['question and response', { question: 'a', response: 'b' }, turns('a', 'b')],
  ['user and assistant', { user: 'a', assistant: 'b' }, turns('a', 'b')],
  ['problem and solution', { problem: 'a', solution: 'b' }, turns('a', 'b')],
  [
    "SQuAD's",
    { context: 'c', question: 'a', answers: { text: ['b', 'b'], answer_start: [0, 0] } },
    turns('c\n\na', 'b'),
  ],
  [
    "TRL's conversational",
    {
      prompt: [system, ...turns('a', 'x'), { role: 'user', content: 'b' }],
      completion: [{ role: 'assistant', content: 'c' }],
    },
    [system, { role: 'user', content: 'a' }, { role: 'assistant', content: 'x', weight: 0 }, ...turns('b', 'c')],
  ],
  [
    'contents in parts',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        { role: 'assistant', content: 'c' },
      ],
    },
    turns('ab', 'c'),
  ],
];
for (const [what, row, messages] of forms)
  test(`reads ${what}`, () => {
    const { examples, problems } = parseDataset(JSON.stringify(row), 'a.jsonl');
    assert.deepEqual(problems, []);
    assert.deepEqual(examples, [{ messages, line: 1, meta: {} }]);
  });

test('a text is learned whole', () => {
  const { examples, problems } = parseDataset('{"text":"Once upon a time."}', 'a.jsonl');
  assert.deepEqual(problems, []);
  assert.deepEqual(examples, [
    { messages: [{ role: 'assistant', content: 'Once upon a time.' }], isText: true, line: 1, meta: {} },
  ]);
});

test('a gap is what stands before it, what fills it, and what stands behind', () => {
  const row = { prefix: '', suffix: ';\n', middle: 'let a' };
  const { examples, problems, format } = parseDataset(JSON.stringify(row), 'a.jsonl', { system: 'Be brief.' });
  assert.deepEqual(problems, []);
  assert.equal(format, 'fill');
  assert.deepEqual(examples, [{ messages: turns('', 'let a'), fill: { suffix: ';\n' }, line: 1, meta: {} }]);
});

/** Rows that are refused, and how. */
const refused: [row: object, problem: RegExp][] = [
  [{ prefix: 'a', suffix: 'b', middle: ' ' }, /field 'middle' is empty/],
  [{ prefix: 'a', suffix: 1, middle: 'c' }, /field 'suffix' must be a string, got a number/],
  [{ prefix: 'a', middle: 'c' }, /field 'suffix' is missing/],
  [
    { prompt: 'a', chosen: 'b', rejected: 'c' },
    /^a\.jsonl:2: 'chosen' and 'rejected' are two answers to compare \(DPO/,
  ],
  [
    {
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: {} }] },
        { role: 'assistant', content: 'c' },
      ],
    },
    /^a\.jsonl:2: field 'messages\[0\]\.content' has a part that is no text/,
  ],
  [
    {
      conversations: [
        { from: 'human', value: 'a' },
        { from: 'tool', value: 'b' },
      ],
    },
    /^a\.jsonl:2: field 'conversations\[1\]\.from' is 'tool'; expected one of 'human', 'user', 'gpt'/,
  ],
  [
    { conversations: [{ from: 'human', value: 'a' }] },
    /^a\.jsonl:2: field 'conversations' must hold a user message and end/,
  ],
  [{ question: 'a', answers: { text: [], answer_start: [] } }, /^a\.jsonl:2: field 'answers' is empty/],
  [
    { prompt: [{ role: 'user', content: 'a' }], completion: [{ role: 'user', content: 'b' }] },
    /^a\.jsonl:2: fields 'prompt' and 'completion' must hold/,
  ],
];
for (const [row, problem] of refused)
  test(`refuses ${JSON.stringify(row).slice(0, 70)}`, () => {
    const broken = '{';
    const { problems, examples } = parseDataset(`${broken}\n${JSON.stringify(row)}`, 'a.jsonl');
    assert.deepEqual(examples, []);
    assert.match(problems.at(-1)!.message, problem);
  });

test('answers that differ from the first are told, as not used', () => {
  const row = { question: 'a', answers: { text: ['b', 'c'] } };
  const { problems } = parseDataset(JSON.stringify(row), 'a.jsonl');
  assert.deepEqual(
    problems.map(p => p.message),
    ["a.jsonl:1: the field 'answers after the first' is not used (1 line has it)."],
  );
});

const qa = (i: number) => ({ question: `q${i}`, answer: `a"]}${i}` });

test('a file of JSON as a whole: a list, or the list data of an object, with lines', () => {
  const list = JSON.stringify([qa(1), qa(2)], null, 2);
  for (const [text, name, lines] of [
    [list, 'a.json', [2, 6]],
    [list, 'a.jsonl', [2, 6]],
    [JSON.stringify([qa(1), qa(2)]), 'a.jsonl', [1, 1]],
    [`{"data": [${JSON.stringify(qa(1))},\n\n${JSON.stringify(qa(2))}]}`, 'a.json', [1, 3]],
    [JSON.stringify({ data: [qa(1), qa(2)] }, null, 2), 'a.json', [3, 7]],
    [`${JSON.stringify(qa(1))}\n${JSON.stringify(qa(2))}\n`, 'a.json', [1, 2]],
  ] as [string, string, number[]][]) {
    const { examples, problems } = parseDataset(text, name);
    assert.deepEqual(problems, [], text);
    assert.deepEqual(
      examples.map(e => e.line),
      lines,
    );
    assert.deepEqual(
      examples.map(e => e.messages[1]!.content),
      ['a"]}1', 'a"]}2'],
    );
  }
});

test('what is wrong with JSON as a whole has its line', () => {
  const check = (text: string, expected: string[]) =>
    assert.deepEqual(
      parseDataset(text, 'a.json').problems.map(p => p.message),
      expected,
    );
  check('[\n{"question": "a", "answer": "b"}\n{"question": "c", "answer": "d"}]', [
    'a.json:3: the list is not whole here: a comma or its end is missing.',
  ]);
  check('[{"question": "a", "answer": "b"},\n{"question": "c" "answer": "d"}]', [
    "a.json:2: the entry is not valid JSON (Expected ',' or '}' after property value in JSON at position 17).",
  ]);
  check('[1]', ['a.json:1: expected a JSON object, got a number.']);
  check('[]', ['a.json:1: the list is empty; it needs at least one example.']);
  check('{\n"version": "1",\n"data": [{"question": "a", "answer": "b"}]\n}', [
    "a.json:2: the field 'version' beside 'data' is not used.",
  ]);
  check('{\n"rows": []\n}', [
    "a.json:1: the JSON object has no list 'data'; write a list of objects, or one object a line.",
    "a.json:2: the field 'rows' beside 'data' is not used.",
  ]);
});

test('a list of JSON reads as its entries line by line (property)', () => {
  const row = fc.record({
    prompt: fc.string({ minLength: 1 }),
    completion: fc.string({ minLength: 1 }),
    note: fc.json(),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.constantFrom(undefined, 1), (rows, indent) => {
      const lines = parseDataset(rows.map(r => JSON.stringify(r)).join('\n'), 'a.jsonl');
      const list = parseDataset(JSON.stringify(rows, null, indent), 'a.json');
      assert.deepEqual(
        list.examples.map(e => e.messages),
        lines.examples.map(e => e.messages),
      );
      assert.deepEqual(
        list.problems.map(p => p.code),
        lines.problems.map(p => p.code),
      );
    }),
    { seed: 1 },
  );
});

test('columns that go by other names', () => {
  const row = { problem: '2+2?', solution: '4', role: 'Be brief.', prompt: 'other', level: 3 };
  const columns: DataColumns = { prompt: 'problem', answer: 'solution', system: 'role' };
  const { examples, problems } = parseDataset(JSON.stringify(row), 'a.jsonl', { columns });
  assert.deepEqual(examples[0]!.messages, [system, ...turns('2+2?', '4')]);
  assert.deepEqual(
    problems.map(p => p.message),
    [
      "a.jsonl:1: the field 'prompt' is not used (1 line has it).",
      "a.jsonl:1: the field 'level' is not used (1 line has it).",
    ],
  );
  const missing = parseDataset('{"problem": "a"}', 'a.jsonl', { columns });
  assert.deepEqual(
    missing.problems.map(p => p.message),
    ["a.jsonl:1: column 'solution', which 'columns' names as 'answer', is missing. The row has 'problem'."],
  );
  const chosen = parseDataset('{"ask": "a", "chosen": "b", "rejected": "c"}', 'a.jsonl', {
    columns: { prompt: 'ask', answer: 'chosen' },
  });
  assert.deepEqual(chosen.examples[0]!.messages, turns('a', 'b'));
  const talk = parseDataset(JSON.stringify({ dialog: turns('a', 'b') }), 'a.jsonl', {
    columns: { messages: 'dialog' },
  });
  assert.deepEqual(talk.examples[0]!.messages, turns('a', 'b'));
});

test('a system message for the examples that have none', () => {
  const own = { prompt: 'a', completion: 'b', system: 'Own.' };
  const text = [{ prompt: 'a', completion: 'b' }, own].map(r => JSON.stringify(r)).join('\n');
  const { examples } = parseDataset(text, 'a.jsonl', { system: 'Be brief.' });
  assert.deepEqual(
    examples.map(e => e.messages[0]!.content),
    ['Be brief.', 'Own.'],
  );
});
