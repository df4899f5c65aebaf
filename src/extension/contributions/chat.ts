/** `@experts` and its slash commands. */
export const chatParticipant = {
  id: 'multiLora.experts',
  name: 'experts',
  fullName: 'Experts',
  description: 'Your LoRA experts on one base: each prompt goes to the right one.',
  isSticky: true,
  commands: [
    { name: 'math', description: 'Ask the math expert' },
    { name: 'code', description: 'Ask the code expert' },
    { name: 'qa', description: 'Ask the expert for questions about a text' },
    { name: 'blend', description: 'Ask a blend: its name or math=0.5,code=0.5, then the prompt' },
    { name: 'review', description: 'Review the selected or attached code' },
    { name: 'explain', description: 'Explain the selected or attached code' },
  ],
} as const;

export type ChatCommand = (typeof chatParticipant.commands)[number]['name'];

export const modelVendor = { vendor: 'multi-lora', displayName: 'Multi-LoRA Experts' } as const;
