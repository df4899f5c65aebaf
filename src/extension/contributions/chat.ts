/** Domains with a slash command of their own. */
export const domainCommands = ['math', 'code', 'qa'] as const;

/** Set where no expert for a domain is trained: its command is not offered then. */
export function lackedDomain(domain: (typeof domainCommands)[number]): string {
  return `multiLora.lacks.${domain}`;
}

/** `@experts` and its slash commands. The editor takes no others later: `/NAME` of a recipe's own expert is read all the same. */
export const chatParticipant = {
  id: 'multiLora.experts',
  name: 'experts',
  fullName: 'Experts',
  description: 'Your LoRA experts on one base: each prompt goes to the right one.',
  isSticky: true,
  commands: [
    { name: 'expert', description: 'Ask one of your experts: its name, then the question' },
    { name: 'math', description: 'Ask the math expert', when: `!${lackedDomain('math')}` },
    { name: 'code', description: 'Ask the code expert', when: `!${lackedDomain('code')}` },
    { name: 'qa', description: 'Ask the expert for questions about a text', when: `!${lackedDomain('qa')}` },
    { name: 'blend', description: 'Ask a blend: its name or math=0.5,code=0.5, then the question' },
    { name: 'review', description: 'Review the selected or attached code' },
    { name: 'explain', description: 'Explain the selected or attached code' },
  ],
} as const;

export type ChatCommand = (typeof chatParticipant.commands)[number]['name'];

export const modelVendor = { vendor: 'multi-lora', displayName: 'Multi-LoRA Experts' } as const;
