import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits } from 'jsonc-parser';
import { definitionAt, referencesAt, renameAt, renameRange } from '../../../src/recipe/language/navigation.ts';
import { readRecipe } from '../../../src/recipe/parse.ts';
import { marked, withMarks } from './marked.ts';

/** The name at `‸` stands at each `⟦…⟧`; the first of them is where it is given. */
function check(name: string, source: string): void {
  test(name, () => {
    const { text, cursor, ranges } = marked(source);
    const reading = readRecipe(text);
    const places = referencesAt(reading, cursor);
    assert.equal(
      withMarks(
        text,
        places.map(p => p.range),
      ),
      source.replace('‸', ''),
    );
    assert.deepEqual(definitionAt(reading, cursor)?.range, ranges[0]);
    const edits = renameAt(reading, cursor, 'renamed');
    assert.ok(Array.isArray(edits));
    assert.equal(applyEdits(text, edits), source.replace('‸', '').replace(/⟦.*?⟧/g, 'renamed'));
  });
}

check(
  'an expert, from where it is given',
  '{"experts": {"⟦ma‸th⟧": {}, "code": {}}, "blends": {"b": {"⟦math⟧": 1, "code": 1}}, "steps": [{"do": "ask", "expert": "⟦math⟧"}, {"do": "train", "experts": ["⟦math⟧"]}]}',
);
check(
  'an expert, from where it is used',
  '{"experts": {"⟦math⟧": {}}, "evaluation": {"sets": {"math": {"expert": "⟦‸math⟧"}}}}',
);
check(
  'what comments and prompts say of it stays',
  '{ // math\n"experts": {"⟦ma‸th⟧": {"description": "math", "domain": "math"}}, /* "math" */ "router": {"kind": "keywords", "keywords": {"⟦math⟧": {"math": 1}}}, "steps": [{"do": "note", "text": "math"}, {"do": "ask", "prompt": "math", "weights": {"⟦math⟧": 1}}]}',
);
check(
  'an expert with a minimum',
  '{"experts": {"⟦math⟧": {}}, "evaluation": {"sets": {"s": {"expert": "⟦math⟧", "minimum": {"⟦ma‸th⟧": 0.9, "auto": 0.5}}}}}',
);
check(
  'a blend beside an expert of its name',
  '{"experts": {"x": {}}, "blends": {"⟦x‸⟧": {"x": 1}}, "steps": [{"do": "blend", "blends": ["⟦x⟧"]}]}',
);
check(
  'a merge, asked as if it were an expert',
  '{"experts": {"a": {}}, "merges": {"⟦m⟧": {"weights": {"a": 1}}}, "steps": [{"do": "ask", "expert": "⟦m‸⟧"}, {"do": "merge", "merge": "⟦m⟧"}]}',
);
check(
  'a held-out set',
  '{"evaluation": {"sets": {"⟦s⟧": {"data": "d"}}}, "steps": [{"do": "evaluate", "sets": ["⟦s‸⟧"]}]}',
);
check(
  'a name with dots, in a recipe with errors',
  '{"experts": {"⟦v1.2‸⟧": {"dat": 1}}, "blends": {"b": {"⟦v1.2⟧": 1}}}',
);

function refuses(name: string, source: string, to: string, why: RegExp): void {
  test(name, () => {
    const { text, cursor } = marked(source);
    const result = renameAt(readRecipe(text), cursor, to);
    assert.ok('refused' in result);
    assert.match(result.refused, why);
  });
}

refuses('no name, no rename', '{"se‸ed": 1}', 'x', /^Only experts/);
refuses('the router is not renamed', '{"steps": [{"do": "ask", "expert": "au‸to"}]}', 'x', /^Only experts/);
refuses('a name that is taken', '{"experts": {"a‸": {}, "b": {}}}', 'b', /There is an expert called 'b' already/);
refuses('a name with blanks', '{"experts": {"a‸": {}}}', 'a b', /starts with a letter or digit/);
refuses('a name that a merge has', '{"experts": {"a‸": {}}, "merges": {"m": {}}}', 'm', /There is a merge called 'm'/);
refuses('a name that an expert has', '{"experts": {"a": {}}, "merges": {"m‸": {}}}', 'a', /There is an expert called/);
refuses('a merge with a meaning', '{"merges": {"m‸": {}}}', 'base', /has a meaning of its own/);
refuses('a name with a meaning', '{"experts": {"a‸": {}}}', 'auto', /has a meaning of its own/);

test('what is not defined here has no definition and no rename', () => {
  const { text, cursor } = marked('{"blends": {"b": {"mth‸": 1}}}');
  assert.equal(definitionAt(readRecipe(text), cursor), undefined);
  assert.equal(renameRange(readRecipe(text), cursor), undefined);
});
