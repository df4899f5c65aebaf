import type { RowGroup } from '../row.ts';
import { activation } from './activation.ts';
import { batch } from './batch.ts';
import { answers, decode, decode8 } from './decode.ts';
import { experts } from './experts.ts';
import { memory } from './memory.ts';
import { parity } from './parity.ts';
import { quality } from './quality.ts';
import { recipe } from './recipe.ts';
import { scale } from './scale.ts';
import { serving } from './serving.ts';
import { start } from './start.ts';
import { switching } from './switching.ts';
import { together } from './together.ts';
import { training } from './training.ts';
import { ways } from './ways.ts';

/** All rows, in the order of the table. */
export const groups: RowGroup[] = [
  training,
  quality,
  together,
  decode,
  decode8,
  answers,
  experts,
  switching,
  batch,
  serving,
  start,
  activation,
  recipe,
  memory,
  scale,
  parity,
  ways,
];
