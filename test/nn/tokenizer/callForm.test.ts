import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callForm } from '../../../src/nn/tokenizer/callForm.ts';
import { callSyntax } from '../../../src/nn/tokenizer/callSyntax.ts';
import { callTemplates } from './callTemplates.ts';

const parameters = { type: 'object', properties: { a: { type: 'number' } } };
const tools = [{ type: 'function', function: { name: 'f', parameters } }, { name: 'g' }];

const object = (properties: Record<string, unknown>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

function check(name: string, frame: { open: string; close: string; next?: string; end: string }, call: unknown): void {
  test(`${name}: what an answer may be that has to call a tool`, () => {
    const { tokenizer, template } = callTemplates[name]!;
    const { values, ...around } = callForm(callSyntax(tokenizer, template)!, tools);
    assert.deepEqual(around, frame);
    assert.deepEqual(values[0], call);
    assert.equal(values[1]!.name, 'g');
    assert.match(JSON.stringify(values[1]), /\{"type":"object"\}/);
  });
}

const json = { name: 'f', before: '', schema: object({ name: { const: 'f' }, arguments: parameters }) };
check('Qwen3', { open: '<tool_call>\n', close: '\n</tool_call>', next: '\n<tool_call>\n', end: '' }, json);
check('Mistral 7B v0.3', { open: '[TOOL_CALLS] [', close: '', next: ', ', end: ']' }, json);
check('Llama 3.2', { open: '', close: '', end: '' }, { ...json, schema: object({ name: { const: 'f' }, parameters }) });
check(
  'Functionary',
  { open: '<function=', close: '</function>', next: '<function=', end: '' },
  { name: 'f', before: 'f>', schema: parameters },
);
check(
  'the whole call as JSON',
  { open: '<|tool_call|>[', close: '', next: ', ', end: ']<|/tool_call|>' },
  { ...json, schema: object({ function: json.schema }) },
);
