/** A process of `fuzz`: reads one mutated input after the other, and says what became of each. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createConstraint } from '../../src/engine/constraints/createConstraint.ts';
import { downloadModel } from '../../src/engine/hub/downloadModel.ts';
import { readAdapter } from '../../src/experiment/adapterFiles.ts';
import { type BaseText, loadBase, readBaseText } from '../../src/experiment/base.ts';
import { readDataset } from '../../src/experiment/dataFiles.ts';
import { openExperiment } from '../../src/experiment/experiment.ts';
import { writeGgufModel } from '../../src/experiment/ggufModel.ts';
import { ggufProblem } from '../../src/experiment/localModels.ts';
import { findOllamaModel, ollamaModels } from '../../src/experiment/ollamaModels.ts';
import { readSafetensors } from '../../src/experiment/safetensorsFile.ts';
import { parseOllamaBase } from '../../src/hub/ollamaName.ts';
import type { Schema } from '../../src/nn/grammar/schemaKeywords.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { renderChat } from '../../src/nn/tokenizer/chatTemplate.ts';
import { WorkbenchError } from '../../src/protocol/errors.ts';
import { completionsAt } from '../../src/recipe/language/completion.ts';
import { hoverAt } from '../../src/recipe/language/hover.ts';
import { outlineOf } from '../../src/recipe/language/outline.ts';
import { recipeProblems } from '../../src/recipe/language/problems.ts';
import { emptyWorld } from '../../src/recipe/language/recipeWorld.ts';
import { readRecipe } from '../../src/recipe/parse.ts';
import { parseReport } from '../../src/report/parseReport.ts';
import { reportHtml } from '../../src/report/reportHtml.tsx';
import { constrainedAnswer } from '../../test/support/constrainedAnswer.ts';
import { randomSchema } from '../../test/support/randomSchema.ts';
import { schemaProblem } from '../../test/support/schemaCheck.ts';
import { type Dice, diceOf, mutateBytes, mutateJson, mutateText } from './mutate.ts';

/** Writes a mutated input into the folder and reads it as the product does; a refusal names the file, or the address. */
type Reader = (folder: string, dice: Dice) => { file: string | RegExp; read(): unknown };

const media = 'media';
const text = (path: string) => readFileSync(path, 'utf8');
const either = (source: string, dice: Dice) =>
  dice.below(3) > 0 ? mutateJson(source, dice) : mutateText(source, dice);

/** The embedded base, one of its files mutated. */
function baseWith(
  folder: string,
  file: string,
  content: string | Uint8Array,
): { file: string; read(): Promise<unknown> } {
  cpSync(join(media, 'base'), folder, { recursive: true });
  writeFileSync(join(folder, file), content);
  return {
    file,
    async read() {
      const { tokenizer, chatTemplate } = (await loadBase(folder)).text();
      const messages = [
        { role: 'user' as const, content: 'How many legs do 3 cats have? aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' },
        { role: 'assistant' as const, content: '12' },
      ];
      const options = { addGenerationPrompt: false, bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken };
      return tokenizer.decode(tokenizer.encode(renderChat(chatTemplate, messages, options)));
    },
  };
}

/** The answer of a model that knows nothing, held to a schema. */
async function answerTo(schema: Schema, seed: number, isMutated: boolean): Promise<void> {
  const base = (embedded ??= (await readBaseText(join(media, 'base')))!);
  const constraint = await createConstraint(base, { kind: 'schema', schema: schema as Record<string, unknown> });
  const answer = constrainedAnswer(constraint, base, seed);
  const problem = answer.isWhole && !isMutated ? schemaProblem(schema, answer.text) : undefined;
  if (problem) throw new Error(`${problem}: ${answer.text} for ${JSON.stringify(schema)}`);
  if (answer.isWhole) JSON.parse(answer.text);
}

let embedded: BaseText | undefined;

/** Rows of the other forms in which data comes. */
const otherRows = [
  {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Is 7 prime?' },
      { role: 'assistant', content: 'Yes.', weight: 0 },
      { role: 'user', content: 'Is 8?' },
      { role: 'assistant', content: 'No.' },
    ],
  },
  {
    conversations: [
      { from: 'human', value: 'Name a colour.' },
      { from: 'gpt', value: 'Blue.' },
    ],
  },
  { instruction: 'Translate.', input: 'Hund', output: 'dog', system: 'You know German.', history: [['a', 'b']] },
  { question: 'What is 2 + 2?', choices: ['3', '4'], answer: '4', context: 'Sums.' },
  { prompt: 'Write f.', completion: 'def f(): pass', tests: 'assert f() is None' },
  {
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'What is it?' }] },
      { role: 'assistant', content: 'A cat.', reasoning_content: 'It has whiskers.', tool_calls: [] },
    ],
  },
].map(row => JSON.stringify(row));

const parquetFolder = 'test/golden/parquet';
const parquetFiles = readdirSync(parquetFolder).filter(name => name.endsWith('.parquet'));
const tenMegabytes = gzipSync(Buffer.alloc(1e7, 'x'));
const template = JSON.parse(text(join(media, 'base/tokenizer_config.json'))).chat_template as string;
const adapters = 'test/golden/peft/folders';
const adapterName = 'uniform_linear/math';
/** Plain factors, magnitudes, biases, and what changes the embedding. */
const adapterFolders = [
  join(adapters, adapterName),
  'test/golden/train/dora_llama_all/adapter',
  'test/golden/train/qwen2_qv_bias_all/adapter',
  'test/golden/beyond/tok_untied',
  'test/golden/beyond/lora_embed_ensure',
];

/** A small model with its tokenizer. */
const ggufModel = await smallGguf();
const headBytes = Math.min(ggufModel.length, 20_000);

async function smallGguf(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'multi-lora-fuzz-gguf-'));
  try {
    const path = join(folder, 'm.gguf');
    await writeGgufModel(await loadBase('test/golden/stories260K'), [], path, { name: 'small', type: 'Q8_0' });
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const readers: Record<string, Reader> = {
  recipe(folder, dice) {
    const file = 'r.lora.json';
    const source = text('examples/experts/experts.lora.json');
    const changed =
      dice.below(2) > 0 ? mutateText(source, dice) : mutateJson(source.replace(/^\s*\/\/.*$/gm, ''), dice);
    writeFileSync(join(folder, file), changed);
    const offset = dice.below(changed.length + 1);
    return {
      file,
      read() {
        const reading = readRecipe(changed);
        recipeProblems(reading, emptyWorld);
        completionsAt(reading, offset, emptyWorld, { dataFiles: [], adapters: [], bases: [] });
        hoverAt(reading, offset, emptyWorld);
        outlineOf(reading);
        return openExperiment(join(folder, file), media);
      },
    };
  },
  dataset(folder, dice) {
    const file = dice.of(['d.jsonl', 'd.csv', 'd.tsv', 'd.json']);
    const json = dice.below(2) > 0 ? text('examples/experts/math/heldout.jsonl').split('\n').slice(0, 20) : otherRows;
    const lines = json.map(line => (dice.below(5) === 0 && line ? mutateJson(line, dice) : line));
    const source = file.endsWith('l')
      ? lines.join('\n')
      : file.endsWith('n')
        ? `{"data": [${lines.filter(line => line).join(',\n')}]}`
        : `prompt,completion\n${json.map((_, i) => `"What is ${i}, ""plus"" 1?",${i + 1}`).join('\n')}`;
    const bytes = Buffer.from(dice.below(2) > 0 ? mutateText(source, dice) : source);
    writeFileSync(join(folder, file), dice.below(3) === 0 ? mutateBytes(bytes, dice) : bytes);
    return { file, read: () => readDataset(folder, file) };
  },
  parquet(folder, dice) {
    const file = dice.of(parquetFiles);
    const whole = readFileSync(join(parquetFolder, file));
    const mutated = mutateBytes(whole, dice);
    // Where the file ends and how long its metadata is stays as it was: the reader would look no further otherwise.
    const bytes = dice.below(4) > 0 ? Buffer.concat([mutated.slice(0, -8), whole.subarray(-8)]) : mutated;
    writeFileSync(join(folder, file), bytes);
    return { file, read: () => readDataset(folder, file) };
  },
  gzip(folder, dice) {
    const file = dice.of(['d.jsonl.gz', 'd.csv.gz', 'd.json.gz']);
    const rows = `[${otherRows.slice(0, 2).join(',')}]`;
    // Packed files one behind another are one: these unpack to 10 MB each.
    const packed =
      dice.below(2) > 0
        ? gzipSync(file.startsWith('d.json.') ? mutateText(rows, dice) : otherRows.join('\n'))
        : Buffer.concat(Array.from({ length: dice.of([1, 30]) }, () => tenMegabytes));
    writeFileSync(join(folder, file), dice.below(2) > 0 ? mutateBytes(packed, dice) : packed);
    return { file, read: () => readDataset(folder, file) };
  },
  config: (folder, dice) => baseWith(folder, 'config.json', either(text(join(media, 'base/config.json')), dice)),
  tokenizer: (folder, dice) => {
    const file = dice.of(['tokenizer.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json']);
    return baseWith(folder, file, either(text(join(media, 'base', file)), dice));
  },
  template: (folder, dice) => baseWith(folder, 'chat_template.jinja', mutateText(template, dice)),
  safetensors(folder, dice) {
    const file = 'model.safetensors';
    const whole = readFileSync(join(adapters, adapterName, 'adapter_model.safetensors'));
    writeFileSync(join(folder, file), dice.below(2) > 0 ? withHeader(whole, dice) : mutateBytes(whole, dice));
    return { file, read: () => readSafetensors(join(folder, file), 'the weights') };
  },
  gguf(folder, dice) {
    const file = 'm.gguf';
    const bytes = new Uint8Array(ggufModel);
    const whole = Buffer.from(dice.below(4) > 0 ? mutateBytes(bytes.subarray(0, headBytes), dice) : bytes);
    writeFileSync(
      join(folder, file),
      Buffer.concat([
        whole,
        dice.below(4) > 0 ? bytes.subarray(whole.length) : mutateBytes(bytes.subarray(headBytes), dice),
      ]),
    );
    return {
      file,
      read: async () => (await loadBase(join(folder, file), { cacheFolder: join(folder, 'cache') })).text(),
    };
  },
  ollama(folder, dice) {
    const hash = 'a'.repeat(64);
    const layers = ['model', 'template'].map(kind => ({
      mediaType: `application/vnd.ollama.image.${kind}`,
      digest: `sha256:${hash}`,
      size: 1,
    }));
    const manifests = join(folder, 'manifests', 'registry.ollama.ai', 'library', 'm');
    for (const path of [manifests, join(folder, 'blobs')]) mkdirSync(path, { recursive: true });
    const path = join(folder, 'blobs', `sha256-${hash}`);
    writeFileSync(path, mutateBytes(new Uint8Array(ggufModel.subarray(0, headBytes)), dice));
    const manifest = { schemaVersion: 2, layers, manifests: [{ runner: 'llamacpp', layers }] };
    writeFileSync(join(manifests, '1b'), either(JSON.stringify(manifest), dice));
    return {
      file: path,
      async read() {
        const found = findOllamaModel(parseOllamaBase('ollama:m:1b')!, [folder]);
        const listed = ollamaModels([folder]);
        if (found?.path !== listed[0]?.path) throw new Error('what is listed is not what is found');
        if (found && found.path !== path) throw new Error(`leads to ${found.path}`);
        const problem = found && (await ggufProblem(found.path));
        if (problem) throw problem;
      },
    };
  },
  adapter(folder, dice) {
    cpSync(dice.of(adapterFolders), folder, { recursive: true });
    const file = dice.of(['adapter_config.json', 'adapter_config.json', 'adapter_model.safetensors']);
    const path = join(folder, file);
    if (file.endsWith('.json')) writeFileSync(path, either(text(path), dice));
    else writeFileSync(path, withHeader(readFileSync(path), dice));
    return { file, read: () => readAdapter(folder) };
  },
  torch(folder, dice) {
    const file = 'adapter_model.bin';
    writeFileSync(join(folder, 'adapter_config.json'), '{"r": 2, "lora_alpha": 2}');
    writeFileSync(join(folder, file), mutateBytes(readFileSync('test/golden/torch/adapter_model.bin'), dice));
    return { file, read: () => readAdapter(folder) };
  },
  report(folder, dice) {
    const file = 'report.json';
    const source = text('test/fixtures/report/report.json');
    const changed = either(source, dice);
    return { file, read: () => reportHtml(parseReport(changed, join(folder, file))) };
  },
  /** Every third is as it should be, and its answer has to fit it. */
  schema(_, dice) {
    const seed = dice.below(2 ** 31);
    const source = randomSchema(new Random(seed));
    const isMutated = dice.below(3) > 0;
    const schema: Schema = isMutated ? JSON.parse(mutateJson(JSON.stringify(source), dice)) : source;
    return { file: /schema|pattern/, read: () => answerTo(schema, seed, isMutated) };
  },
  hub(folder, dice) {
    const repo = 'o/m';
    const info = {
      id: repo,
      sha: 'a'.repeat(40),
      siblings: [],
      private: false,
      gated: false,
      lastModified: '2024-01-01',
      likes: 0,
      downloads: 0,
      pipeline_tag: 'text-generation',
    };
    const tree = [
      { type: 'file', path: 'config.json', size: 554, oid: 'b'.repeat(40) },
      { type: 'file', path: 'tokenizer.json', size: 71363, oid: 'c'.repeat(40) },
      {
        type: 'file',
        path: 'model.safetensors',
        size: 100,
        oid: 'd'.repeat(40),
        lfs: { oid: 'e'.repeat(64), size: 100, pointerSize: 1 },
      },
    ];
    const [first, second] = [either(JSON.stringify(info), dice), either(JSON.stringify(tree), dice)];
    return {
      file: /127\.0\.0\.1|o\/m/,
      async read() {
        const server = createServer((request, response) => {
          response.setHeader('content-type', 'application/json');
          response.end(
            request.url?.includes('/tree/')
              ? second
              : request.url?.includes('/api/')
                ? first
                : 'x'.repeat(dice.below(2000)),
          );
        });
        await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
        try {
          const { port } = server.address() as AddressInfo;
          await downloadModel({
            repo,
            revision: 'main',
            endpoint: `http://127.0.0.1:${port}`,
            cacheFolder: folder,
            signal: new AbortController().signal,
            onProgress() {},
            retryWaits: [],
          });
        } finally {
          server.closeAllConnections();
          server.close();
        }
      },
    };
  },
};

/** A safetensors file with a changed header, whose length is right. */
function withHeader(bytes: Uint8Array, dice: Dice): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const end = 8 + Number(view.getBigUint64(0, true));
  const header = Buffer.from(either(Buffer.from(bytes.subarray(8, end)).toString(), dice));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, bytes.subarray(end)]);
}

export type Outcome = { is: 'read' | 'refused' } | { is: 'fault'; detail: string };

async function outcomeOf(kind: string, seed: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'multi-lora-fuzz-'));
  try {
    mkdirSync(folder, { recursive: true });
    const { file, read } = readers[kind]!(folder, diceOf(seed));
    try {
      await read();
      return { is: 'read' };
    } catch (error) {
      const told = `${(error as Error).name}: ${(error as Error).message}`;
      if (!(error instanceof WorkbenchError)) return { is: 'fault', detail: told };
      const places = [error.message, ...error.problems.map(p => p.where)].join('\n');
      const isPlaced = typeof file === 'string' ? places.includes(file) : file.test(places);
      return isPlaced ? { is: 'refused' } : { is: 'fault', detail: `without a place: ${told}` };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.on('message', async ({ kind, seed }: { kind: string; seed: number }) => {
  process.send!(await outcomeOf(kind, seed));
});
process.send!('ready');
