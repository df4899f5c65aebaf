import type { Random } from '../../src/nn/tensor/random.ts';
import { functionName, listName, literal, objectName, propertyName, valueName, waitedName } from './reviewNames.ts';

/** A function of a few statements without mistakes. */
export interface ReviewCode {
  language: 'JavaScript' | 'TypeScript';
  isAsync: boolean;
  lines: string[];
}

/** What stands in a block; `{declared}` in a template is a new name, which is `{value}` from then on. */
const BODIES = [
  'return {value};',
  'return null;',
  'return false;',
  'continue;',
  '{object}.{property} = {literal};',
  '{list}.push({value});',
  '{function}({value});',
  'throw new Error("{complaint} {value}");',
  'throw new Error("{complaint} {value}");',
];

/** Heads of blocks. */
const HEADS = [
  'if ({operand} === {literal}) {',
  'if ({operand} === {constant}) {',
  'if ({operand} === {operand}) {',
  'if ({value} {joint} {operand} === {literal}) {',
  'if ({operand} !== {literal}) {',
  'if ({operand} !== {constant}) {',
  'if (Number.isNaN({operand})) {',
  'if (Number.isNaN({value})) {',
  'if ({operand} {order} {integer}) {',
  'if (!{operand}) {',
  'while ({value} {order} {integer}) {',
  'for (let {index} = 0; {index} < {list}.length; {index}++) {',
  'for (let {index} = 0; {index} < {list}.length; {index}++) {',
  'for (let {index} = 0; {index} <= {integer}; {index}++) {',
  'for (let {index} = 1; {index} <= {value}; {index}++) {',
  'for (const {declared} of {list}) {',
];

/** Lines that stand alone. */
const LINES = [
  'const {declared} = {object}.{property};',
  'const {declared} = {value} {sign} {integer};',
  'const {declared} = {function}({value});',
  'const {declared} = {list}.map(x => x.{property});',
  'const {declared} = {list}.filter(x => x.{property} === {literal});',
  'const {declared} = {list}.filter(x => x.{property} !== {literal});',
  'const {declared} = {operand} === {literal} ? {literal} : {literal};',
  'const {declared} = parseInt({operand}, 10);',
  'const {declared} = parseInt({value}, 10);',
  'const {declared} = Number({operand});',
  'let {declared} = {start};',
  '{object}.{property} = {value};',
  '{object}.{property} = {value} === {literal};',
  '{function}({object}, {literal});',
  '{list}.push({value});',
  'console.error("{complaint} {value}");',
  '// {verb} the {value}',
];

const WAITED = [
  'const {declared} = await {waited}({value});',
  'const {declared} = await {waited}();',
  'await {waited}({object});',
];
const TYPED = [
  'const {declared}: unknown = {function}({value});',
  'const {declared}: string = {object}.{property};',
  'let {declared}: number = {integer};',
];

const START = {
  JavaScript: [
    'function {function}({parameters}) {',
    'const {function} = ({parameters}) => {',
    '{function}({parameters}) {',
  ],
  TypeScript: [
    'function {function}({parameters}): {type} {',
    'const {function} = ({parameters}) => {',
    '{function}({parameters}): {type} {',
    'export function {function}({parameters}) {',
  ],
};

/** Names that a template draws from; `value` changes as values are declared. */
export interface ReviewScope {
  list: string;
  object: string;
  value: string;
}

export function fillTemplate(template: string, scope: ReviewScope, random: Random): string {
  const index = random.choice(['i', 'i', 'j', 'k', 'n']);
  let declared = '';
  const draw: Record<string, () => string> = {
    list: () => scope.list,
    object: () => scope.object,
    value: () => scope.value,
    operand: () => (random.uniform() < 0.5 ? scope.value : `${scope.object}.${propertyName(random)}`),
    logged: () => random.choice([scope.value, scope.list, `"${scope.value}", ${scope.value}`, `"${scope.object}"`]),
    declared: () => (declared = random.uniform() < 0.75 ? valueName(random) : listName(random)),
    property: () => propertyName(random),
    literal: () => literal(random),
    constant: () => random.choice(['null', 'true', 'false', '""', 'undefined', '0']),
    start: () => random.choice(['0', '""', '[]', '1', '{}']),
    function: () => functionName(random),
    waited: () => waitedName(random),
    index: () => index,
    integer: () => String(random.integer(0, 99)),
    order: () => random.choice(['<', '>', '<=', '>=']),
    sign: () => random.choice(['+', '-', '*', '/']),
    joint: () => random.choice(['&&', '||']),
    complaint: () => random.choice(['No', 'Bad', 'Unknown', 'Missing', 'Invalid']),
    verb: () => random.choice(['Count', 'Keep', 'Check', 'Update', 'Skip', 'Show']),
    type: () => random.choice(['void', 'string', 'number', 'boolean', 'unknown', 'string[]']),
  };
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => draw[name]!());
  if (declared) scope.value = declared;
  return text;
}

function parametersOf({ list, object, value }: ReviewScope, isTyped: boolean, random: Random): string {
  const typed = (name: string, types: string[]) => (isTyped ? `${name}: ${random.choice(types)}` : name);
  const all = [
    typed(value, ['string', 'number', 'unknown', 'boolean']),
    typed(list, ['string[]', 'number[]', 'unknown[]']),
    typed(object, ['Item', 'User', 'Options', 'unknown']),
  ];
  return random.shuffle(all).slice(0, random.integer(1, 3)).join(', ');
}

/** A function with 2 to 4 statements. */
export function reviewCode(random: Random): ReviewCode {
  const language = random.uniform() < 0.5 ? 'JavaScript' : 'TypeScript';
  const isTyped = language === 'TypeScript';
  const isAsync = random.uniform() < 0.35;
  const scope: ReviewScope = { list: listName(random), object: objectName(random), value: valueName(random) };
  const head = random
    .choice(START[language])
    .replace('{parameters}', parametersOf(scope, isTyped, random))
    .replace(/^(export |const \{function\} = |)/, isAsync ? '$1async ' : '$1')
    .replace('{type}', isAsync ? 'Promise<{type}>' : '{type}');
  const lines = [fillTemplate(head, scope, random)];
  for (let count = random.integer(2, 4); count > 0; count--) lines.push(...statement(scope, isAsync, isTyped, random));
  if (random.uniform() < 0.7) lines.push(fillTemplate('  return {value};', scope, random));
  lines.push(head.startsWith('const') ? '};' : '}');
  return { language, isAsync, lines };
}

function statement(scope: ReviewScope, isAsync: boolean, isTyped: boolean, random: Random): string[] {
  const u = random.uniform();
  const fill = (template: string) => fillTemplate(template, scope, random);
  if (u < 0.5) return [fill(`  ${random.choice(HEADS)}`), fill(`    ${random.choice(BODIES)}`), '  }'];
  if (isAsync && u < 0.75) return [fill(`  ${random.choice(WAITED)}`)];
  if (isTyped && u < 0.65) return [fill(`  ${random.choice(TYPED)}`)];
  return [fill(`  ${random.choice(LINES)}`)];
}
