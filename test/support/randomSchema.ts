import type { Random } from '../../src/nn/tensor/random.ts';

type Schema = boolean | Record<string, unknown>;

const names = ['name', 'age', 'tags', 'größe', 'a "quoted" one', 'id', 'na', 'items', '', 'line\nbreak'];
const patterns = [
  '^[a-z]{1,6}$',
  '^(ja|nein)+$',
  '[0-9]{2}',
  '^\\d{3}-\\d{4}$',
  '^é.*ü$',
  'a|^b',
  '^\\w+@\\w+\\.de$',
  '^[^x]{2,5}$',
];
const formats = ['date', 'time', 'date-time', 'email', 'uuid', 'ipv4', 'ipv6', 'hostname', 'duration', 'uri'];

/** A schema of any kind, for which some JSON fits. Strings and lists are short, so that an answer comes to its end. */
export function randomSchema(random: Random): Schema {
  const root = value(random, 3);
  if (typeof root !== 'object' || random.uniform() < 0.6) return root;
  // References, one of them to what it is inside of.
  return {
    $defs: { leaf: leaf(random), 'a/b~c': { type: 'array', items: { $ref: '#/$defs/leaf' }, maxItems: 2 } },
    type: 'object',
    properties: {
      value: root,
      more: { $ref: '#/$defs/a~1b~0c' },
      next: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
    },
    required: random.choice([[], ['more'], ['next'], ['value', 'next']]),
  };
}

function value(random: Random, depth: number): Schema {
  if (depth === 0 || random.uniform() < 0.3) return leaf(random);
  return random.choice([object, object, array, any, all])(random, depth - 1);
}

function object(random: Random, depth: number): Schema {
  const own = random.shuffle([...names]).slice(0, random.integer(0, 5));
  const properties = Object.fromEntries(own.map(name => [name, value(random, depth)]));
  const required = own.filter(() => random.uniform() < 0.6);
  return {
    type: 'object',
    properties,
    required,
    ...random.choice<object>([
      {},
      { additionalProperties: false },
      { additionalProperties: leaf(random), maxProperties: own.length + 2 },
      { minProperties: Math.min(own.length, required.length + 1) },
      { maxProperties: required.length + 1 },
    ]),
  };
}

function array(random: Random, depth: number): Schema {
  const least = random.integer(0, 2);
  const bounds = { minItems: least, maxItems: least + random.integer(0, 3) };
  return random.choice<Schema>([
    { type: 'array', items: value(random, depth), ...bounds },
    { type: 'array', prefixItems: [leaf(random), value(random, depth)], items: leaf(random), ...bounds },
    { type: 'array', prefixItems: [leaf(random), leaf(random)], items: false, minItems: random.integer(0, 2) },
  ]);
}

function any(random: Random, depth: number): Schema {
  if (random.uniform() < 0.3)
    return {
      oneOf: [{ type: 'null' }, { type: 'string', maxLength: 8 }, { type: ['integer'] }, { enum: [true, [1]] }],
    };
  if (random.uniform() < 0.3)
    return {
      oneOf: ['circle', 'square'].map(kind => ({
        type: 'object',
        properties: { kind: { const: kind }, size: value(random, depth) },
        required: ['kind', 'size'],
      })),
    };
  return { anyOf: [value(random, depth), value(random, depth), leaf(random)], title: 'one of three' };
}

function all(random: Random, depth: number): Schema {
  return {
    allOf: [
      { type: 'object', properties: { a: value(random, depth) }, required: ['a'] },
      { properties: { b: leaf(random), a: true }, required: random.choice([[], ['b']]) },
      { required: ['c'], properties: { c: { allOf: [{ type: 'string', minLength: 1 }, { maxLength: 4 }] } } },
    ],
  };
}

function leaf(random: Random): Schema {
  const low = random.integer(-50, 50);
  const high = low + random.integer(1, 300);
  const fraction = random.integer(-500, 500) / 100;
  const least = random.integer(0, 3);
  return random.choice<Schema>([
    { type: 'null' },
    { type: 'boolean' },
    { type: 'integer' },
    { type: 'number' },
    { type: 'integer', minimum: low, maximum: high },
    { type: 'integer', exclusiveMinimum: low, maximum: high, multipleOf: random.integer(1, 1 + ((high - low) >> 1)) },
    { type: 'number', minimum: fraction, exclusiveMaximum: fraction + random.choice([0.01, 1, 1000]) },
    { type: 'number', exclusiveMinimum: fraction },
    { type: ['number', 'null'], maximum: low },
    { type: 'string', minLength: least, maxLength: least + random.integer(0, 12) },
    { type: 'string', maxLength: 30 },
    { type: 'string', pattern: random.choice(patterns), maxLength: 20 },
    { type: 'string', pattern: '^[a-d]+$', minLength: 2, maxLength: 4 },
    { type: 'string', format: random.choice(formats) },
    { enum: ['a', 'A', 'naïve "x"', 3, 3.5, null, true, { x: [1, 'y'] }].slice(random.integer(0, 4)) },
    { enum: [1, 2, 30, 'no'], type: 'integer', maximum: 2 },
    { const: random.choice<unknown>(['fixed', -0.5, [], {}, { b: 1, a: [null, 'ä\u0007'] }]) },
    { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 2 },
    { type: 'object', propertyNames: { enum: ['up', 'down'] }, additionalProperties: { type: 'boolean' } },
  ]);
}
