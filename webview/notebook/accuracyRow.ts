import type { EvaluateOutput } from '../../src/shared/notebookOutput.ts';

export type Row = EvaluateOutput['rows'][number];
