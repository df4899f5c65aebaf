import { WorkbenchError } from '../../protocol/errors.ts';
import { formatPatterns } from './formats.ts';

export type Json = Record<string, unknown>;
/** A JSON schema (draft 2020-12, and of draft 7 what says the same otherwise). */
export type Schema = boolean | Json;

/** What says nothing of which JSON fits. */
const annotations = new Set(
  '$schema $id $comment $defs definitions title description default examples example deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema then else'.split(
    ' ',
  ),
);

/** What answers are held to. */
const enforced = new Set(
  (
    '$ref allOf anyOf oneOf type enum const ' +
    'minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf ' +
    'properties required additionalProperties propertyNames minProperties maxProperties ' +
    'items prefixItems additionalItems minItems maxItems uniqueItems'
  ).split(' '),
);

export const typeNames = ['null', 'boolean', 'integer', 'number', 'string', 'object', 'array'];

/** @param where a JSON pointer. */
export function unsupported(keyword: string, where: string, why = 'answers cannot be held to it'): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    `the schema has '${keyword.slice(0, 100)}' at ${where}: ${why}`,
    'Leave it out of the schema, and check the answer for it.',
  );
}

export function wrongSchema(where: string, what: string): WorkbenchError {
  return new WorkbenchError('badRequest', `the schema at ${where} ${what}`);
}

/**
 * Checks that a schema says nothing that would be passed over, and that its keywords hold what they must.
 * Throws `unsupported` with the keyword, `badRequest` for a wrong value.
 */
export function checkKeywords(schema: Json, where: string): void {
  for (const [key, value] of Object.entries(schema)) {
    if (annotations.has(key) || key.startsWith('x-')) continue;
    if (!enforced.has(key)) throw unsupported(key, where);
    const isKnownFormat = key !== 'format' || Object.hasOwn(formatPatterns, String(value));
    if (!isKnownFormat) throw unsupported(`format: ${value}`, where);
    const problem = problemOf(key, value);
    if (problem) throw wrongSchema(where, `has a '${key}' that should be ${problem}`);
  }
}

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isNumber = (value: unknown) => Number.isFinite(value);
const isText = (value: unknown) => typeof value === 'string';
const isList = (value: unknown) => Array.isArray(value);

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'boolean' || isObject(value);
}

function problemOf(key: string, value: unknown): string | undefined {
  switch (key) {
    case 'type': {
      const names = [value].flat();
      const isKnown = names.length > 0 && names.every(name => typeNames.includes(name as string));
      return isKnown ? undefined : `one of ${typeNames.join(', ')}, or a list of them`;
    }
    case 'minLength':
    case 'maxLength':
    case 'minProperties':
    case 'maxProperties':
    case 'minItems':
    case 'maxItems':
      return isCount(value) ? undefined : 'an integer from 0 on';
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return isNumber(value) ? undefined : 'a number';
    case 'multipleOf':
      return isNumber(value) && (value as number) > 0 ? undefined : 'a number above 0';
    case 'pattern':
    case 'format':
    case '$ref':
      return isText(value) ? undefined : 'a text';
    case 'enum':
      return isList(value) ? undefined : 'a list';
    case 'required':
      return isList(value) && (value as unknown[]).every(isText) ? undefined : 'a list of names';
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
    case 'prefixItems':
      return isList(value) && (value as unknown[]).every(isSchema) ? undefined : 'a list of schemas';
    case 'properties':
      return isObject(value) && Object.values(value).every(isSchema) ? undefined : 'an object of schemas';
    case 'items':
      return isSchema(value) || (isList(value) && (value as unknown[]).every(isSchema)) ? undefined : 'a schema';
    case 'additionalProperties':
    case 'propertyNames':
    case 'additionalItems':
      return isSchema(value) ? undefined : 'a schema';
    case 'uniqueItems':
      return typeof value === 'boolean' ? undefined : 'true or false';
    default:
      return undefined;
  }
}
