import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DatasetFormat } from '../../src/data/datasetFormats.ts';
import { MAX_LINE_LENGTH } from '../../src/data/limits.ts';
import { parseDataset } from '../../src/data/parseDataset.ts';
import { MAX_PROBLEMS } from '../../src/data/problemList.ts';

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
      fields: [...Object.keys(row), 'kind', 'tests'],
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
    fields: ['question', 'answer', 'kind'],
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
  check(jsonl({ body: 'a' }), 'a.jsonl', ['a.jsonl:1 | unknownFormat']);
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
  assert.equal(parseDataset(text, 'a.jsonl', { format: 'promptAnswer' }).examples[0]!.messages[1]!.content, 'c');
});

test('a field named __proto__ is a field like others', () => {
  const text = '{"prompt":"a","completion":"b","__proto__":{"polluted":true},"constructor":"c"}';
  const { examples, problems } = parseDataset(text, 'a.jsonl');
  assert.deepEqual(examples, [{ messages: turns('a', 'b'), line: 1, meta: {} }]);
  assert.deepEqual(
    problems.map(p => p.message),
    ['__proto__', 'constructor'].map(name => `a.jsonl:1: the field '${name}' is not used (1 line has it).`),
  );
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

const system = (content: string) => ({ role: 'system', content });

for (const [what, row, messages] of [
  [
    'system and history',
    {
      instruction: 'Who?',
      output: 'Rex.',
      system: 'Be Rex.',
      history: [
        ['Hello', 'Woof'],
        ['Sit', 'Done'],
      ],
    },
    [system('Be Rex.'), ...turns('Hello', 'Woof'), ...turns('Sit', 'Done'), ...turns('Who?', 'Rex.')],
  ],
  ['system beside messages', { system: 'Be Rex.', messages: turns('a', 'b') }, [system('Be Rex.'), ...turns('a', 'b')]],
  [
    'the same system twice',
    { system: 'Be Rex.', messages: [system('Be Rex.'), ...turns('a', 'b')] },
    [system('Be Rex.'), ...turns('a', 'b')],
  ],
  [
    'fields that are empty',
    { prompt: 'a', completion: 'b', system: '', history: [], context: null, choices: [], topic: null, tags: [] },
    turns('a', 'b'),
  ],
  ['context', { question: 'Who?', context: 'Bob did it.', answer: 'Bob' }, turns('Bob did it.\n\nWho?', 'Bob')],
  ['choices', { question: 'Who?', choices: ['Bob', 'Ann'], answer: 'A' }, turns('Who?\nA. Bob\nB. Ann', 'A')],
  [
    'choices with labels side by side',
    { question: 'Who?', choices: { text: ['Bob', 'Ann'], label: ['1', '2'] }, answer: '2' },
    turns('Who?\n1. Bob\n2. Ann', '2'),
  ],
  [
    'choices with a label each',
    {
      question: 'Who?',
      choices: [
        { label: 'X', text: 'Bob' },
        { label: 'Y', text: 4 },
      ],
      answer: 'X',
    },
    turns('Who?\nX. Bob\nY. 4', 'X'),
  ],
  ['choices as a text', { question: 'Who?', choices: 'Bob or Ann', answer: 'Bob' }, turns('Who?\nBob or Ann', 'Bob')],
  [
    'context, input and choices together',
    { instruction: 'Choose.', input: 'Who?', context: 'Bob did it.', choices: ['Bob'], output: 'A' },
    turns('Bob did it.\n\nChoose.\n\nWho?\nA. Bob', 'A'),
  ],
  [
    'reasoning and weights of turns',
    {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b', weight: 0, reasoning_content: '' },
        { role: 'user', content: 'c' },
        { role: 'assistant', content: 'd', weight: 1, thinking: 'hm', tool_calls: null },
      ],
    },
    [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b', weight: 0 },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: 'd', weight: 1, reasoning: 'hm' },
    ],
  ],
] as [string, object, object[]][])
  test(`used: ${what}`, () => {
    const { examples, problems } = parseDataset(jsonl(row), 'a.jsonl');
    assert.deepEqual([examples.map(e => e.messages), problems], [[messages], []]);
  });

test('calls of tools, what they give back, and what may be called', () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  const talk = [
    { role: 'user', content: 'a' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{"x": [1]}' } }, { name: 'g' }],
    },
    { role: 'tool', tool_call_id: '1', name: 'f', content: '' },
    { role: 'tool', content: [{ type: 'text', text: 'r' }] },
    { role: 'assistant', content: 'b' },
  ];
  const { examples, problems } = parseDataset(jsonl({ messages: talk, tools: JSON.stringify(tools) }), 'a.jsonl');
  assert.deepEqual(problems, []);
  assert.deepEqual(examples[0]!.tools, tools);
  assert.deepEqual(examples[0]!.messages, [
    talk[0],
    {
      role: 'assistant',
      content: '',
      toolCalls: [
        { id: '1', type: 'function', function: { name: 'f', arguments: { x: [1] } } },
        { type: 'function', function: { name: 'g', arguments: {} } },
      ],
    },
    { role: 'tool', content: '', name: 'f', toolCallId: '1' },
    { role: 'tool', content: 'r' },
    talk[4],
  ]);
});

test('columns of CSV are used as fields are', () => {
  const text = 'question,answer,context,system,topic\nWho?,Bob,Bob did it.,Be short.,x\nWhat?,That,,,\n';
  const { examples, problems } = parseDataset(text, 'a.csv');
  assert.deepEqual(
    examples.map(e => e.messages),
    [[system('Be short.'), ...turns('Bob did it.\n\nWho?', 'Bob')], turns('What?', 'That')],
  );
  assert.deepEqual(
    problems.map(p => [p.code, p.severity, p.where, p.message]),
    [['unusedField', 'warning', 'a.csv:2', "a.csv:2: the field 'topic' is not used (1 line has it)."]],
  );
});

test('columns of CSV may hold lists as JSON', () => {
  const text = 'question,answer,history,choices\nWho?,A,"[[""Hi"",""Ho""]]","[""Bob"",""Ann""]"\nWhat?,B,,[a or b\n';
  const { examples, problems } = parseDataset(text, 'a.csv');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    examples.map(e => e.messages),
    [[...turns('Hi', 'Ho'), ...turns('Who?\nA. Bob\nB. Ann', 'A')], turns('What?\n[a or b', 'B')],
  );
});

test('fields beyond those that are named are counted', () => {
  const rows = Array.from({ length: 1500 }, (_, i) => ({ prompt: 'a', completion: 'b', [`f${i}`]: 1 }));
  const messages = parseDataset(jsonl(...rows), 'a.jsonl').problems.map(p => p.message);
  assert.equal(
    messages[0],
    'a.jsonl:1001: from here on fields of 500 more names or lines are not used; 1000 are named or counted.',
  );
  assert.equal(messages.at(-1), 'a.jsonl: 951 more problems are not listed.');
});

test('what is not used is named once for the file, with its first line', () => {
  const calls = [{ id: '1', type: 'function', function: { name: 'w', arguments: '{}' } }];
  const plain = { prompt: 'a', completion: 'b' };
  const text = jsonl(plain, { ...plain, topic: 'x', source: 'y' }, { ...plain, topic: 0 }, { ...plain, topic: false });
  assert.deepEqual(check(text, 'a.jsonl', ['a.jsonl:2 | unusedField', 'a.jsonl:2 | unusedField']), [
    "a.jsonl:2: the field 'topic' is not used (3 lines have it).",
    "a.jsonl:2: the field 'source' is not used (1 line has it).",
  ]);
  const turn = { role: 'assistant', content: 'Let me look.', tool_calls: calls, name: 'x' };
  const talk = { messages: [{ role: 'user', content: 'Weather?', weight: 0 }, turn, turn], tools: calls };
  assert.deepEqual(
    parseDataset(jsonl(talk, talk), 'a.jsonl').problems.map(p => p.message),
    ['messages[].weight', 'messages[].name'].map(
      name => `a.jsonl:1: the field '${name}' is not used (2 lines have it).`,
    ),
  );
  const tests = jsonl({ ...plain, tests: 'f(1) === 2', kind: 'k', key: 'k' });
  check(tests, 'a.jsonl', ['a.jsonl:1 | unusedField']);
  const many = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`f${i}`, 1]));
  const { problems } = parseDataset(jsonl({ ...plain, ...many }), 'a.jsonl');
  assert.equal(problems.at(-1)!.message, 'a.jsonl: 30 more problems are not listed.');
  assert.ok(problems.every(p => p.severity === 'warning'));
});

test('fields that cannot be read as what they are called are errors of their line', () => {
  const exchange = { question: 'a', answer: 'b' };
  const talk = (...more: object[]) => ({ messages: [...turns('a', 'b'), { role: 'user', content: 'c' }, ...more] });
  const call = [{ id: '1' }];
  const cases: [object, string, RegExp][] = [
    [{ ...exchange, answer: 42 }, 'wrongType', /'answer' must be a string, got a number; write it in quotes/],
    [{ ...exchange, system: ['x'] }, 'wrongType', /'system' must be a string, got an array/],
    [{ ...exchange, context: { title: 'x' } }, 'wrongType', /'context' must be a string, got an object/],
    [{ ...exchange, choices: 4 }, 'wrongType', /'choices' must be an array of strings/],
    [{ ...exchange, choices: ['x', null] }, 'wrongType', /'choices' must be an array of strings/],
    [{ ...exchange, choices: { text: ['x'], label: [] } }, 'wrongType', /'choices' must be an array of strings/],
    [{ ...exchange, history: 'x' }, 'wrongType', /'history' must be an array of \[question, answer\]/],
    [{ ...exchange, history: [['x']] }, 'wrongType', /'history' must be an array of \[question, answer\]/],
    [{ ...exchange, history: [['x', 4]] }, 'wrongType', /'history\[0\]\[1\]' must be a string/],
    [{ ...talk(turns('', 'd')[1]!), system: 4 }, 'wrongType', /'system' must be a string/],
    [{ messages: [system('x'), ...turns('a', 'b')], system: 'y' }, 'twoSystems', /another system message/],
    [
      talk({ role: 'assistant', content: null, tool_calls: call }),
      'toolCalls',
      /'messages\[3\].tool_calls\[0\]' must be \{ type: 'function', function: \{ name, arguments \} \}/,
    ],
    [
      talk({ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '[1' } }] }),
      'toolCalls',
      /with arguments an object, or its JSON in a string/,
    ],
    [talk({ role: 'assistant', content: '', function_call: { name: 'f' } }), 'toolCalls', /the older form of a call/],
    [talk({ role: 'assistant', content: 'd' }, { role: 'tool', content: 'r' }), 'toolCalls', /no call of one stands/],
    [
      talk({ role: 'assistant', tool_calls: [{ name: 'f', arguments: { a: ['\ud800'] } }] }),
      'brokenText',
      /'messages\[3\].tool_calls' has half a character/,
    ],
    [{ ...talk(turns('', 'd')[1]!), tools: [{ type: 'function' }] }, 'wrongType', /'tools' must be an array of/],
    [talk({ role: 'assistant', content: 'd', weight: 0.5 }), 'wrongType', /'messages\[3\].weight' must be 0 or 1/],
    [
      talk({ role: 'assistant', content: 'd', thinking: true }),
      'wrongType',
      /'messages\[3\].thinking' must be a string/,
    ],
    [{ messages: [turns('a', 'b')[0], { ...turns('a', 'b')[1], weight: 0 }] }, 'noAnswer', /have weight 0/],
  ];
  for (const [row, code, expected] of cases) {
    const { examples, problems } = parseDataset(jsonl(row), 'a.jsonl');
    assert.deepEqual([examples, problems.map(p => p.code)], [[], [code]], expected.source);
    assert.match(problems[0]!.message, expected);
    assert.equal(problems[0]!.where, 'a.jsonl:1');
  }
});

test('a field that is written twice, and half a character, are errors', () => {
  check('{"prompt":"a","prompt":"c","completion":"b"}', 'a.jsonl', ['a.jsonl:1 | duplicateField']);
  check('{"messages":[{"role":"user","role":"user","content":"a"}]}', 'a.jsonl', ['a.jsonl:1 | duplicateField']);
  check(String.raw`{"prompt":"a\":\"x: {\\","completion":":"}`, 'a.jsonl', []);
  check(String.raw`{"prompt":"a\ud83d","completion":"b"}`, 'a.jsonl', ['a.jsonl:1 | brokenText']);
  check(String.raw`{"prompt":"a\ud83d\ude00","completion":"b"}`, 'a.jsonl', []);
});

test('names and texts of a file do not steer the terminal', () => {
  const text = jsonl({ prompt: 'a', completion: 'b', '\u001b[2J\u202e': 1 }, '\u0007'.repeat(3));
  for (const { message } of parseDataset(text, 'a.jsonl').problems) assert.doesNotMatch(message, /[\p{Cc}\u202e]/u);
});

/** U+FFFD is told of, wherever it stands. */
const words = fc.string({ unit: 'grapheme', minLength: 1 }).filter(s => s.trim() !== '' && !/[\r\ufffd]/.test(s));

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

test('each field of each line is used, or named (property)', () => {
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string()),
    fc.object(),
  );
  const known = ['system', 'history', 'context', 'choices', 'input', 'weight', 'reasoning', 'tool_calls', 'tests'];
  const names = fc.oneof(fc.constantFrom(...known, '__proto__'), fc.string({ minLength: 1, maxLength: 9 }));
  const more = fc.dictionary(names, value, { maxKeys: 4 }).map(fields => JSON.parse(JSON.stringify(fields)) as object);
  const forms = fc.constantFrom(['prompt', 'completion'], ['instruction', 'output'], ['question', 'answer']);
  const plain = JSON.stringify({ messages: turns('QUESTION', 'ANSWER'), line: 1, meta: {} });
  const isEmpty = (v: unknown) =>
    typeof v === 'string' ? v.trim() === '' : v === null || (typeof v === 'object' && Object.keys(v!).length === 0);

  /** Whether the fields `own`, which are not those of the form, are used or named. */
  function look(line: object, own: object, prefix: string, form: readonly string[]): void {
    const { examples, problems } = parseDataset(jsonl(line), 'a.jsonl');
    if (problems.some(p => p.severity === 'error')) return;
    const all = JSON.stringify(examples[0]);
    for (const [name, value] of Object.entries(own)) {
      if (isEmpty(value) || form.includes(name)) continue;
      const isNamed = problems.some(p => p.message.includes(`the field '${prefix}${name}' is not used`));
      const text = JSON.stringify(value).slice(1, -1);
      const isUsed = typeof value === 'string' ? all.includes(text) : all !== plain;
      assert.ok(isNamed || isUsed, `${name} of ${JSON.stringify(line)}`);
    }
  }
  fc.assert(
    fc.property(forms, more, more, (form, ofRow, ofTurn) => {
      look({ ...ofRow, [form[0]!]: 'QUESTION', [form[1]!]: 'ANSWER' }, ofRow, '', form);
      const answer = { ...ofTurn, role: 'assistant', content: 'ANSWER' };
      const messages = [{ role: 'user', content: 'QUESTION' }, answer];
      look({ messages }, ofTurn, 'messages[].', ['role', 'content']);
    }),
    { numRuns: 500 },
  );
});
