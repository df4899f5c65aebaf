import type { DescribeResult } from '../../../src/protocol/engine/experts.ts';

/** Three experts of which two are trained, a blend and a merge that need the third. */
export const described: DescribeResult = {
  name: 'test',
  base: {
    name: 'embedded',
    folder: '/base',
    architecture: 'llama',
    contextLength: 256,
    callsTools: false,
    parameters: 4_950_000,
    bytes: 10_300_000,
    memoryBytes: 133_600_000,
    fills: false,
    followsInstructions: false,
  },
  maxTokens: 64,
  answering: 'local',
  engines: [],
  experts: [
    { name: 'math', domain: 'math', isTrained: true, isTrainable: true },
    { name: 'js', domain: 'code', isTrained: true, isTrainable: true },
    { name: 'qa', domain: 'qa', isTrained: false, isTrainable: true },
  ],
  blends: [{ name: 'half', weights: { math: 0.5, qa: 0.5 }, isTrained: false }],
  merges: [{ name: 'all', isMade: false, folder: '/work/runs/x/merges/all' }],
};
