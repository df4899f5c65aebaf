import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';
import oniguruma from 'vscode-oniguruma';
import type { IGrammar } from 'vscode-textmate';
import textmate from 'vscode-textmate';

const path = new URL('../../syntaxes/lora-recipe.tmLanguage.json', import.meta.url);
let grammar: IGrammar;

before(async () => {
  const { buffer } = new Uint8Array(
    readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm')),
  );
  await oniguruma.loadWASM(buffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: sources => new oniguruma.OnigScanner(sources),
      createOnigString: text => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(path, 'utf8'), path.pathname),
  });
  grammar = (await registry.loadGrammar('source.lora-recipe'))!;
});

/** Text and innermost scope of every token that is neither white space nor punctuation; equal neighbours are one. */
function tokens(text: string): string[] {
  let state = textmate.INITIAL;
  return text.split('\n').flatMap(line => {
    const { tokens: found, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    const pieces: { piece: string; scope: string }[] = [];
    for (const { startIndex, endIndex, scopes } of found) {
      const [piece, scope] = [line.slice(startIndex, endIndex), scopes.at(-1)!.replace('.lora-recipe', '')];
      if (pieces.at(-1)?.scope === scope) pieces.at(-1)!.piece += piece;
      else pieces.push({ piece, scope });
    }
    const told = pieces.filter(({ piece, scope }) => piece.trim() !== '' && !/^(punctuation|source)/.test(scope));
    return told.map(({ piece, scope }) => `${piece.trim()} ${scope}`);
  });
}

function check(name: string, text: string, expected: string[]): void {
  test(name, () => assert.deepEqual(tokens(text), expected));
}

const key = 'support.type.property-name.json';
const [expert, blend, merge, set] = [
  'entity.name.type.expert',
  'entity.name.function.blend',
  'entity.name.function.merge',
  'entity.name.type.set',
];
const dataPath = 'markup.underline.link.path';

check(
  'experts, their data, and settings',
  '{\n  "experts": { // three\n    "math": { "data": { "train": "m.jsonl" }, "lora": { "rank": 4, "rslora": true } }\n  }\n}',
  [
    `"experts" ${key}`,
    '// three comment.line.double-slash',
    `"math" ${expert}`,
    `"data" ${key}`,
    `"train" ${key}`,
    `"m.jsonl" ${dataPath}`,
    `"lora" ${key}`,
    `"rank" ${key}`,
    '4 constant.numeric',
    `"rslora" ${key}`,
    'true constant.language',
  ],
);
check(
  'blends and merges with their experts',
  '{"blends": {"b": {"math": -0.5}}, "merges": {"m": {"method": "ties", "weights": {"math": 1}}}}',
  [
    `"blends" ${key}`,
    `"b" ${blend}`,
    `"math" ${expert}`,
    '-0.5 constant.numeric',
    `"merges" ${key}`,
    `"m" ${merge}`,
    `"method" ${key}`,
    '"ties" string.quoted.double',
    `"weights" ${key}`,
    `"math" ${expert}`,
    '1 constant.numeric',
  ],
);
check(
  'sets, and names in steps',
  '{"evaluation": {"sets": {"s": {"data": "h.csv", "expert": "math"}}}, "steps": [{"do": "train", "experts": ["math"]}, {"do": "blend", "blends": ["b"]}, {"do": "merge", "merge": "m"}]}',
  [
    `"evaluation" ${key}`,
    `"sets" ${key}`,
    `"s" ${set}`,
    `"data" ${key}`,
    `"h.csv" ${dataPath}`,
    `"expert" ${key}`,
    `"math" ${expert}`,
    `"steps" ${key}`,
    `"do" ${key}`,
    '"train" string.quoted.double',
    `"experts" ${key}`,
    `"math" ${expert}`,
    `"do" ${key}`,
    '"blend" string.quoted.double',
    `"blends" ${key}`,
    `"b" ${blend}`,
    `"do" ${key}`,
    '"merge" string.quoted.double',
    `"merge" ${key}`,
    `"m" ${merge}`,
  ],
);
check('an expert called as a key is an expert all the same', '{"experts": {"train": {"description": "a \\n b"}}}', [
  `"experts" ${key}`,
  `"train" ${expert}`,
  `"description" ${key}`,
  '"a string.quoted.double',
  '\\n constant.character.escape',
  'b" string.quoted.double',
]);
check('a block comment over lines', '{\n/* one\ntwo */ "seed": 1e-3 }', [
  '/* one comment.block',
  'two */ comment.block',
  `"seed" ${key}`,
  '1e-3 constant.numeric',
]);
