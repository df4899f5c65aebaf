import type { EvaluateOutput } from '../../src/protocol/notebookOutput.ts';

export type Row = EvaluateOutput['rows'][number];
