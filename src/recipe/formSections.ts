/** Where a form shows settings, in this order; rare ones are folded until one of them is changed. */
export const formSections = {
  expert: { title: 'Expert' },
  base: { title: 'Base' },
  factors: { title: 'Factors' },
  rate: { title: 'Learning rate' },
  budget: { title: 'Budget' },
  examples: { title: 'Examples', isRare: true },
  optimiser: { title: 'Optimiser', isRare: true },
  progress: { title: 'Validation and checkpoints', isRare: true },
} as const satisfies Record<string, { title: string; isRare?: boolean }>;

export type FormSection = keyof typeof formSections;
