import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** What another implementation of JSON schemas finds wrong with an answer; undefined where it fits. */
export function schemaProblem(schema: boolean | Record<string, unknown>, answer: string): string | undefined {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const check = ajv.compile(schema);
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch (error) {
    return String(error);
  }
  return check(value) ? undefined : ajv.errorsText(check.errors);
}
