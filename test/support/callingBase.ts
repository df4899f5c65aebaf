import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeJsonLines } from './tinyExperiment.ts';
import { weatherTool } from './weatherTool.ts';

const embedded = fileURLToPath(new URL('../../media/base/', import.meta.url));

const template = `{%- if tools %}<|im_start|>system
{{ tools | tojson }}<|im_end|>
{% endif %}
{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}
{%- for call in m.tool_calls or [] %}{{ '<tool_call>' }}{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{{ '</tool_call>' }}{% endfor %}
{{- '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/** The embedded base with a chat template that writes tools, in a folder. */
function callingBase(folder: string): void {
  cpSync(embedded, folder, { recursive: true });
  writeFileSync(join(folder, 'chat_template.jinja'), template);
}

const question = { role: 'user', content: 'How is the weather in Rome?' };
const call = {
  role: 'assistant',
  content: '',
  tool_calls: [{ type: 'function', function: { name: 'weather', arguments: { city: 'Rome' } } }],
};

/** A call, and an answer to what it gave back. */
const weatherExamples = [
  [question, call],
  [question, call, { role: 'tool', content: 'sunny' }, { role: 'assistant', content: 'It is sunny.' }],
].map(messages => ({ messages, tools: [weatherTool] }));

/** Base, data and recipe of an expert that calls a tool, in a folder; gives the recipe's path. */
export function callingExperiment(folder: string): string {
  callingBase(join(folder, 'base'));
  writeJsonLines(join(folder, 'weather.jsonl'), weatherExamples);
  const recipe = join(folder, 'weather.lora.json');
  writeFileSync(recipe, JSON.stringify(weatherRecipe));
  return recipe;
}

/** A recipe whose expert learns these examples by heart. */
const weatherRecipe = {
  base: './base',
  lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'down_proj', 'up_proj'] },
  training: { steps: 40, batchSize: 2, validateEvery: 0, learningRate: 0.005, maxLength: 256 },
  experts: { weather: { data: { train: 'weather.jsonl' } } },
  generation: { maxTokens: 48 },
  evaluation: {
    sets: {
      weather: {
        data: 'weather.jsonl',
        expert: 'weather',
        scorer: 'toolCall',
        minimum: { weather: 1, base: 0.5 },
      },
    },
  },
};
