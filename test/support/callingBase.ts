import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const embedded = fileURLToPath(new URL('../../media/base/', import.meta.url));

const template = `{%- if tools %}<|im_start|>system
{{ tools | tojson }}<|im_end|>
{% endif %}
{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}
{%- for call in m.tool_calls or [] %}{{ '<tool_call>' }}{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{{ '</tool_call>' }}{% endfor %}
{{- '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/** The embedded base with a chat template that writes tools, in a folder. */
export function callingBase(folder: string): void {
  cpSync(embedded, folder, { recursive: true });
  writeFileSync(join(folder, 'chat_template.jinja'), template);
}

export const weatherTool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

const ask = (city: string) => ({ role: 'user', content: `How is the weather in ${city}?` });
const call = (city: string) => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ type: 'function', function: { name: 'weather', arguments: { city } } }],
});

/** Examples of calls, and of answers to what a call gave back. */
export const weatherExamples = ['Paris', 'Rome'].flatMap(city => [
  { messages: [ask(city), call(city)], tools: [weatherTool] },
  {
    messages: [
      ask(city),
      call(city),
      { role: 'tool', content: 'sunny' },
      { role: 'assistant', content: 'It is sunny.' },
    ],
    tools: [weatherTool],
  },
]);

/** A recipe whose expert learns these examples by heart. */
export const weatherRecipe = {
  lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'down_proj', 'up_proj'] },
  training: { steps: 40, batchSize: 4, validateEvery: 0, learningRate: 0.005, maxLength: 256 },
  experts: { weather: { data: { train: 'weather.jsonl' } } },
  generation: { maxTokens: 48 },
};
