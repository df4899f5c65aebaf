import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { type RecipeCell, type RecipeNotebook, roleOf } from '../../../src/recipe/notebook/cells.ts';
import { readNotebook } from '../../../src/recipe/notebook/readNotebook.ts';
import { writeNotebook } from '../../../src/recipe/notebook/writeNotebook.ts';
import { oddRecipe } from './oddRecipe.ts';

function read(text: string): RecipeNotebook {
  const { notebook, problems } = readNotebook(text);
  assert.ok(notebook, problems.map(p => p.message).join('\n'));
  return notebook;
}

function write(notebook: RecipeNotebook): string {
  const { text, problems } = writeNotebook(notebook);
  assert.ok(text !== undefined, problems.map(p => p.message).join('\n'));
  return text;
}

const runs = { numRuns: 1000 };
const value = (text: string) => parse(text.replace('\uFEFF', ''), [], { allowTrailingComma: true });
const stepsOf = (cells: RecipeCell[]) => cells.filter(c => ['note', 'step'].includes(roleOf(c)));
/** As an editor gives a cell back: it has line breaks of its own. */
const throughEditor = (cell: RecipeCell): RecipeCell => ({ ...cell, text: cell.text.replace(/\r\n|\r|\n/g, '\r\n') });

test('any recipe as cells and back is the same text', () => {
  fc.assert(
    fc.property(oddRecipe, text => {
      const { frame, cells } = read(text);
      assert.equal(write({ frame, cells }), text);
      assert.equal(write({ frame, cells: cells.map(throughEditor) }), text);
    }),
    runs,
  );
});

test('an edit of one cell changes its part alone', () => {
  const edited: [kind: string, text: string][] = [
    ['definition', '"edited": [\n  1, // one\n  "two"\n]'],
    ['step', '{\n  "do": "ask", // why\n  "prompt": "?"\n} /* end */'],
    ['note', '# edited\n\n"text"'],
  ];
  fc.assert(
    fc.property(oddRecipe, fc.nat(20), fc.constantFrom(...edited), (text, n, [kind, to]) => {
      const { frame, cells } = read(text);
      const which = cells.filter(c => roleOf(c) === kind);
      fc.pre(which.length > 0);
      const cell = which[n % which.length]!;
      const after = write({ frame, cells: cells.map(c => (c === cell ? { ...c, text: to } : c)) });
      const again = read(after).cells[cells.indexOf(cell)]!;
      assert.equal(again.text, to);
      const [before, now] = [cell.origin!.text, again.origin!.text];
      const places = [...text].flatMap((_, i) => (text.startsWith(before, i) ? [i] : []));
      assert.ok(places.some(i => text.slice(0, i) + now + text.slice(i + before.length) === after));
    }),
    runs,
  );
});

test('cells removed, moved, doubled and added: what is left says what it said', () => {
  const added: [RecipeCell, steps: unknown[]][] = [
    [{ kind: 'note', text: 'new "note"\n' }, [{ do: 'note', text: 'new "note"\n' }]],
    [{ kind: 'json', text: '{ "do": "train" } // all' }, [{ do: 'train' }]],
    [{ kind: 'json', text: ' ' }, []],
  ];
  fc.assert(
    fc.property(oddRecipe, fc.array(fc.nat(20), { maxLength: 8 }), fc.array(fc.nat(2)), (text, picked, fresh) => {
      const { frame, cells } = read(text);
      const steps = stepsOf(cells);
      const definitions = cells.filter(c => !steps.includes(c)).filter((_, i) => !picked.includes(i));
      const places = steps.length > 0 ? picked.map(n => n % steps.length) : [];
      const kept = [...places.map(i => steps[i]!), ...fresh.map(n => added[n]![0])];
      const after = write({ frame, cells: [...definitions, ...kept] });
      const { steps: left = [], ...others } = value(after);
      assert.deepEqual(left, [...places.map(i => value(text).steps[i]), ...fresh.flatMap(n => added[n]![1])]);
      assert.deepEqual(others, value(`{${definitions.map(c => `${c.text}\n`).join(',')}}`));
      assert.equal(write(read(after)), after);
    }),
    runs,
  );
});

test('the recipes of the examples', () => {
  const folder = new URL('../../../examples/', import.meta.url);
  const recipes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.lora.json'));
  assert.ok(recipes.length > 0);
  for (const file of recipes) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    assert.equal(write(read(text)), text);
  }
});

const recipe = `{
  // the base
  "base": "embedded", // as shipped
  "seed": 7,

  "experts": {
    "math": { "adapter": "a" }
  },
  // what is done
  "steps": [ // in order
    // first
    { "do": "note", "text": "One." }, // of two
    {
      "do": "ask",
      "prompt": "?"
    }
    // nothing more
  ]
}
`;

test('definitions and steps as cells', () => {
  assert.deepEqual(
    read(recipe).cells.map(c => [roleOf(c), c.text]),
    [
      ['definition', '// the base\n"base": "embedded", // as shipped\n"seed": 7'],
      ['definition', '"experts": {\n  "math": { "adapter": "a" }\n}'],
      ['note', 'One.'],
      ['step', '{\n  "do": "ask",\n  "prompt": "?"\n}'],
    ],
  );
});

test('comments go with their steps, commas with the places', () => {
  const { frame, cells } = read(recipe);
  const [base, experts, note, ask] = cells as [RecipeCell, RecipeCell, RecipeCell, RecipeCell];
  const steps = (...all: RecipeCell[]) => write({ frame, cells: [base, experts, ...all] }).split('in order')[1];
  assert.equal(
    steps(ask, note),
    `
    {
      "do": "ask",
      "prompt": "?"
    },
    // first
    { "do": "note", "text": "One." } // of two
    // nothing more
  ]
}
`,
  );
  assert.equal(
    steps(note),
    `
    // first
    { "do": "note", "text": "One." } // of two
    // nothing more
  ]
}
`,
  );
  assert.equal(
    steps(note, { kind: 'json', text: '{\n  "do": "train"\n},' }, { ...ask, text: '{ "do": "evaluate" }' }),
    `
    // first
    { "do": "note", "text": "One." }, // of two
    {
      "do": "train"
    },
    { "do": "evaluate" }
    // nothing more
  ]
}
`,
  );
});

test('the last step that goes leaves the comments around it', () => {
  const { frame } = read('{ "steps": [ // in order\n  { "do": "train" }] }');
  assert.equal(write({ frame, cells: [] }), '{ "steps": [ // in order\n  ] }');
});

test('a first step brings the key with it', () => {
  const { frame, cells } = read('{\r\n\t"seed": 1\r\n}');
  const note: RecipeCell = { kind: 'note', text: 'Hello' };
  assert.equal(
    write({ frame, cells: [...cells, note] }),
    '{\r\n\t"seed": 1,\r\n\t"steps": [\r\n\t\t{ "do": "note", "text": "Hello" }\r\n\t]\r\n}',
  );
  assert.equal(write({ frame, cells }), '{\r\n\t"seed": 1\r\n}');
});

test('a text that cannot be taken apart is no notebook, and says why', () => {
  const reasons = (text: string) => {
    const { notebook, problems } = readNotebook(text);
    assert.equal(notebook, undefined);
    return problems.map(p => p.message);
  };
  assert.deepEqual(reasons('{ "seed": }'), ['value expected at line 1']);
  assert.deepEqual(reasons('[]'), ['a recipe is a JSON object such as { "experts": {} }']);
  assert.deepEqual(reasons('{ "steps": {} }'), ["'steps' is not a list"]);
  assert.deepEqual(reasons('{ "steps": [], "steps": [] }'), ["'steps' is written twice; keep one"]);
  assert.equal(reasons('').length, 1);
  assert.ok(readNotebook('{ "sed": 7, "steps": [{ "do": "nothing" }] }').notebook, 'problems of content are shown');
});

test('a cell that would break the recipe is not written, and is named', () => {
  const { frame, cells } = read(recipe);
  const problems = (text: string) =>
    writeNotebook({ frame, cells: [...cells, { kind: 'json', text }] }).problems.map(p => p.message);
  assert.deepEqual(problems('{ "do": }'), ['cell 5 is no step: value expected at line 1']);
  assert.deepEqual(problems('{} /*'), ['cell 5 is no step: unexpected end of comment at line 1']);
  assert.deepEqual(problems('{ "do": "train" }], "x": [{}'), ['cell 5 is no step: end of file expected at line 1']);
  assert.deepEqual(problems('"a": 1 }, { "b": 2'), ['cell 5 is no definition: end of file expected at line 1']);
  assert.deepEqual(problems('"steps": []'), ["cell 5: every step of 'steps' is a cell of its own"]);
  assert.equal(problems('train the experts').length > 0, true);
  assert.deepEqual(problems('{ "do": "train" } // all,'), []);
});
