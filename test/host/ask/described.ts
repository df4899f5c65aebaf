import type { DescribeResult } from '../../../src/shared/engineApi.ts';

/** Three experts of which two are trained, a blend and a merge that need the third. */
export const described: DescribeResult = {
  name: 'test',
  base: { folder: '/base', architecture: 'llama', contextLength: 256 },
  maxTokens: 64,
  experts: [
    { name: 'math', domain: 'math', isTrained: true },
    { name: 'js', domain: 'code', isTrained: true },
    { name: 'qa', domain: 'qa', isTrained: false },
  ],
  blends: [{ name: 'half', weights: { math: 0.5, qa: 0.5 }, isTrained: false }],
  merges: [{ name: 'all', isMade: false }],
};
