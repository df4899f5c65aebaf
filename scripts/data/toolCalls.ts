/*
 * Data and a recipe for an expert that calls tools: unit conversion, file search, a calculator. Held-out questions have
 * other values and other words around them.
 *
 *   node --import tsx scripts/data/toolCalls.ts FOLDER [--base BASE] [--train N] [--heldout N] [--steps N] [--bare]
 *
 * `--bare` trains calls as JSON without the template's marks: for bases that were never taught to write these, as
 * Qwen2.5-Coder's: a training says so. Such answers count as calls too.
 * The embedded base's chat template writes no tools: a copy of it gets one that does.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../../src/nn/tensor/random.ts';

interface Kind {
  tool: { name: string; description: string; properties: Record<string, { type: string }> };
  /** Words around the arguments: those to train on, those held out. */
  phrasings: [string[], string[]];
  arguments(random: Random, isHeldOut: boolean): Record<string, string | number>;
}

const units = [
  ['miles', 'km'],
  ['kg', 'pounds'],
  ['feet', 'meters'],
  ['inches', 'cm'],
  ['liters', 'gallons'],
  ['grams', 'ounces'],
] as const;
const folders = [
  ['src', 'docs', 'tests', 'lib', 'data', 'images'],
  ['home', 'bin', 'notes', 'photos'],
] as const;
const endings = [
  ['js', 'md', 'png', 'json', 'css'],
  ['txt', 'py', 'html'],
] as const;

/** Even numbers are trained on, odd ones are held out. */
const number = (random: Random, isHeldOut: boolean) => 2 * random.integer(1, 48) + (isHeldOut ? 1 : 0);

const kinds: Kind[] = [
  {
    tool: {
      name: 'convert',
      description: 'Converts a value to another unit.',
      properties: { value: { type: 'number' }, from: { type: 'string' }, to: { type: 'string' } },
    },
    phrasings: [
      ['Convert {value} {from} to {to}.', 'What is {value} {from} in {to}?', 'How many {to} are {value} {from}?'],
      ['Please turn {value} {from} into {to}.', 'I have {value} {from}. How much is that in {to}?'],
    ],
    arguments(random, isHeldOut) {
      const pair = random.choice(units);
      const [from, to] = random.uniform() < 0.5 ? pair : [pair[1], pair[0]];
      return { value: number(random, isHeldOut), from, to };
    },
  },
  {
    tool: {
      name: 'find_files',
      description: 'Finds files in a folder.',
      properties: { folder: { type: 'string' }, ending: { type: 'string' } },
    },
    phrasings: [
      [
        'Find all {ending} files in {folder}.',
        'Which {ending} files are in {folder}?',
        'List the {ending} files of {folder}.',
      ],
      ['Show me every {ending} file under {folder}.', 'Look in {folder} for {ending} files.'],
    ],
    arguments: (random, isHeldOut) => ({
      folder: random.choice(folders[isHeldOut ? 1 : 0]),
      ending: random.choice(endings[isHeldOut ? 1 : 0]),
    }),
  },
  {
    tool: {
      name: 'calculate',
      description: 'Computes an expression.',
      properties: { expression: { type: 'string' } },
    },
    phrasings: [
      ['What is {expression}?', 'Compute {expression}.', 'Calculate {expression}.'],
      ['How much is {expression}?', 'Work out {expression}.'],
    ],
    arguments: (random, isHeldOut) => ({
      expression: `${number(random, isHeldOut)} ${random.choice(['+', '-', '*'])} ${number(random, isHeldOut)}`,
    }),
  },
];

const tools = kinds.map(({ tool: { name, description, properties } }) => ({
  type: 'function',
  function: { name, description, parameters: { type: 'object', properties, required: Object.keys(properties) } },
}));

function example(random: Random, isHeldOut: boolean, isBare: boolean): object {
  const kind = random.choice(kinds);
  const values = kind.arguments(random, isHeldOut);
  const phrasing = random.choice(kind.phrasings[isHeldOut ? 1 : 0]);
  const content = phrasing.replace(/\{(\w+)\}/g, (_, field: string) => String(values[field]));
  const call = { name: kind.tool.name, arguments: values };
  const answer = isBare
    ? { content: JSON.stringify(call) }
    : { content: '', tool_calls: [{ type: 'function', function: call }] };
  return {
    messages: [
      { role: 'user', content },
      { role: 'assistant', ...answer },
    ],
    tools,
  };
}

/** Examples that all differ. */
function examples(count: number, seed: number, isHeldOut: boolean, isBare = false): string {
  const random = new Random(seed);
  const lines = new Set<string>();
  while (lines.size < count) lines.add(JSON.stringify(example(random, isHeldOut, isBare)));
  return `${[...lines].join('\n')}\n`;
}

/** Tools by their names and those of their parameters: the embedded base reads 256 tokens. */
const shortTemplate = `{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool.function.name }}({{ tool.function.parameters.required | join(', ') }})
{% endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}
{%- for call in m.tool_calls or [] %}{{ '<tool_call>' }}{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{{ '</tool_call>' }}{% endfor %}
{{- '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    base: { type: 'string', default: 'embedded' },
    train: { type: 'string', default: '600' },
    heldout: { type: 'string', default: '100' },
    steps: { type: 'string', default: '300' },
    bare: { type: 'boolean', default: false },
  },
});
const [folder = 'toolCalls'] = positionals;
mkdirSync(folder, { recursive: true });
const isEmbedded = values.base === 'embedded';
if (isEmbedded) {
  cpSync(fileURLToPath(new URL('../../media/base/', import.meta.url)), join(folder, 'base'), { recursive: true });
  writeFileSync(join(folder, 'base', 'chat_template.jinja'), shortTemplate);
}
writeFileSync(join(folder, 'train.jsonl'), examples(Number(values.train), 1, false, values.bare));
writeFileSync(join(folder, 'heldout.jsonl'), examples(Number(values.heldout), 2, true));
const recipe = {
  base: isEmbedded ? './base' : values.base,
  lora: { rank: 16 },
  training: {
    steps: Number(values.steps),
    batchSize: isEmbedded ? 8 : 2,
    // Other templates write schemas of tools in full.
    ...(!isEmbedded && { maxLength: 512 }),
    validateEvery: 0,
    checkpointEvery: 50,
  },
  experts: { tools: { data: { train: 'train.jsonl' } } },
  generation: { maxTokens: 64 },
  evaluation: {
    sets: {
      tools: {
        data: 'heldout.jsonl',
        expert: 'tools',
        scorer: 'toolCall',
        // As gates, so that `multi-lora eval --gates` measures both.
        minimum: { base: 0, tools: 0 },
      },
    },
  },
};
writeFileSync(join(folder, 'tools.lora.json'), `${JSON.stringify(recipe, null, 2)}\n`);
