import type { Verb } from './verb.ts';

/** The page of `multi-lora VERB --help`. */
export function verbHelp(verb: Verb): string {
  const usage = verb.usage.map((form, i) =>
    `${i === 0 ? 'usage:' : '   or:'} multi-lora ${verb.name} ${form}`.trimEnd(),
  );
  const options = Object.entries(verb.options).map(([name, { value, list, description }]): [string, string] => [
    `--${name}${value ? ` ${value}` : ''}${list ? ' …' : ''}`,
    description,
  ]);
  const examples = verb.examples.map(example => `  multi-lora ${verb.name}${example ? ` ${example}` : ''}`);
  return [verb.summary, '', ...usage, '', 'options:', ...columns(options), '', 'examples:', ...examples].join('\n');
}

/** The page of `multi-lora --help`. */
export function generalHelp(verbs: readonly Verb[]): string {
  return [
    'Trains several LoRA experts on one frozen base, routes prompts to them or to a blend, merges them for good.',
    '',
    'usage: multi-lora VERB …',
    '',
    ...columns(verbs.map(v => [v.name, v.summary])),
    '',
    'Every verb has --help and --json. Exit codes: 0 done, 1 failed, 2 wrong arguments, 130 stopped with Ctrl-C.',
  ].join('\n');
}

/** Two aligned columns. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
