import type { Verb } from '../console/verb.ts';
import { askVerb } from './ask.ts';
import { checkpointsVerb } from './checkpoints.ts';
import { compressVerb } from './compress.ts';
import { doctorVerb } from './doctor.ts';
import { evalVerb } from './eval.ts';
import { exportVerb } from './export.ts';
import { getVerb } from './get.ts';
import { importVerb } from './import.ts';
import { mcpVerb } from './mcp.ts';
import { mergeVerb } from './merge.ts';
import { planVerb } from './plan.ts';
import { quickstartVerb } from './quickstart.ts';
import { routeVerb } from './route.ts';
import { scoreVerb } from './score.ts';
import { serveVerb } from './serve.ts';
import { sweepVerb } from './sweep.ts';
import { trainVerb } from './train.ts';
import { weightsVerb } from './weights.ts';

/** What the command line can do, in the order of its help. */
export const verbs: readonly Verb[] = [
  quickstartVerb,
  planVerb,
  sweepVerb,
  trainVerb,
  checkpointsVerb,
  importVerb,
  askVerb,
  serveVerb,
  routeVerb,
  weightsVerb,
  mergeVerb,
  compressVerb,
  evalVerb,
  scoreVerb,
  exportVerb,
  getVerb,
  mcpVerb,
  doctorVerb,
];
