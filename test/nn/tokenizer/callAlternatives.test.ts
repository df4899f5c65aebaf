import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callAlternatives } from '../../../src/nn/tokenizer/callAlternatives.ts';
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

function check(name: string, before: string, schema: unknown, after: string): void {
  test(`${name}: what an answer may be that has to call a tool`, () => {
    const { tokenizer, template } = callTemplates[name]!;
    const [first, second] = callAlternatives(callSyntax(tokenizer, template)!, tools);
    assert.deepEqual(first, { name: 'f', before, schema, after });
    assert.equal(second!.name, 'g');
    assert.match(JSON.stringify(second), /\{"type":"object"\}/);
  });
}

const named = object({ name: { const: 'f' }, arguments: parameters });
check('Qwen3', '<tool_call>\n', named, '\n</tool_call>');
check('Mistral 7B v0.3', '[TOOL_CALLS] [', named, ']');
check('Llama 3.2', '', object({ name: { const: 'f' }, parameters }), '');
check('Functionary', '<function=f>', parameters, '</function>');
check('the whole call as JSON', '<|tool_call|>[', object({ function: named }), ']<|/tool_call|>');
