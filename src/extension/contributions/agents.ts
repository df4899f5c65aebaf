/** What agents of the editor are given: the server, tools of this window, and a skill. */

/** The Model Context Protocol's server. */
export const mcpProvider = { id: 'multiLora.mcp', label: 'Multi-LoRA Workbench' } as const;

/** Teaches agents the recipe language; editors before 1.109 know of none and pass it over. */
export const skill = { path: './skills/lora-recipes/SKILL.md' } as const;

const recipe = {
  type: 'string',
  description: 'The recipe, *.lora.json, by its path in the workspace. Without it the one that answers in this window.',
};

const object = (properties: Record<string, unknown>, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** Tools over this window's engine and runs, which show in its views what they do. */
export const languageModelTools = [
  {
    name: 'multiLora_ask',
    toolReferenceName: 'askExperts',
    displayName: 'Ask the Experts',
    icon: '$(comment-discussion)',
    canBeReferencedInPrompt: true,
    userDescription: 'Ask the LoRA experts of this workspace: routed, one of them, or a blend.',
    modelDescription:
      'Answers a prompt with the small local LoRA experts that were trained in this workspace. Without "expert", "blend" and "weights" the router chooses, and the answer says whom and why. Use it to try what experts have learned, or where the user wants an expert of theirs to answer.',
    inputSchema: object(
      {
        prompt: { type: 'string', description: 'What is asked.' },
        expert: {
          type: 'string',
          description: "An expert, a merge, 'base' for the base alone, or 'auto' for the router.",
        },
        blend: { type: 'string', description: 'A blend of the recipe, in place of an expert.' },
        weights: {
          type: 'object',
          additionalProperties: { type: 'number' },
          description: 'Weights of experts, such as {"math": 0.7, "code": 0.3}, in place of an expert.',
        },
      },
      ['prompt'],
    ),
  },
  {
    name: 'multiLora_route',
    toolReferenceName: 'routePrompt',
    displayName: 'Route a Prompt',
    icon: '$(git-branch)',
    canBeReferencedInPrompt: true,
    userDescription: 'See which experts a prompt goes to, and why.',
    modelDescription:
      'Says which LoRA experts of this workspace a prompt would go to, with the words and forms in it that speak for each; nothing is answered.',
    inputSchema: object({ prompt: { type: 'string', description: 'The prompt.' } }, ['prompt']),
  },
  {
    name: 'multiLora_train',
    toolReferenceName: 'trainExperts',
    displayName: 'Train Experts',
    icon: '$(flame)',
    canBeReferencedInPrompt: true,
    userDescription: 'Train the experts of a recipe on this machine.',
    modelDescription:
      'Trains LoRA experts of a recipe (*.lora.json) on this machine, which takes minutes to hours; the user confirms it, with memory and time as planned. What they were trained to before is replaced, unless "resume" goes on from the last checkpoint. The answer has the losses and where the adapters lie.',
    inputSchema: object({
      recipe,
      experts: { type: 'array', items: { type: 'string' }, description: 'These experts alone.' },
      resume: { type: 'boolean', description: 'Go on from the last checkpoint where there is one.' },
    }),
  },
  {
    name: 'multiLora_evaluate',
    toolReferenceName: 'evaluateExperts',
    displayName: 'Evaluate Experts',
    icon: '$(graph)',
    canBeReferencedInPrompt: true,
    userDescription: 'Measure the experts of a recipe on held-out data.',
    modelDescription:
      'Measures base, experts, router, blends and merges of a recipe (*.lora.json) on its held-out sets, and writes the report; takes minutes, and the user confirms it. The answer has the table of accuracies.',
    inputSchema: object({
      recipe,
      sets: { type: 'array', items: { type: 'string' }, description: 'These held-out sets alone.' },
    }),
  },
] as const;

export type ToolName = (typeof languageModelTools)[number]['name'];
