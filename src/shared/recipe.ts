import { z } from 'zod';

/**
 * The recipe, `NAME.lora.json`: one experiment written down. This is its only definition: the validator, the
 * editor's JSON schema, the documentation and every default come from here. Paths are relative to the recipe's folder.
 */

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'starts with a letter or digit; letters, digits, "_", "-" and "." follow');

const weight = z.number().describe('Share of an expert; negative subtracts what it learned.');

/** The same keys, all optional and without filling in defaults, so that layers of settings can override one another. */
function overridesOf<S extends z.ZodObject>(settings: S): z.ZodType<Partial<z.output<S>>, Partial<z.input<S>>> {
  const shape = Object.entries(settings.shape).map(([key, field]) => {
    if (!(field instanceof z.ZodDefault)) return [key, field];
    const inner = field.unwrap() as z.ZodType;
    return [key, inner.optional().meta({ description: field.description, default: field.def.defaultValue })];
  });
  return z.strictObject(Object.fromEntries(shape)).describe(settings.description ?? '') as never;
}

export const loraSettings = z
  .strictObject({
    rank: z.int().min(1).max(1024).default(16).describe('Rank r of the factors A [r, in] and B [out, r].'),
    alpha: z
      .number()
      .positive()
      .default(32)
      .describe('Numerator of the scaling: alpha / r, or alpha / √r with rsLoRA.'),
    rslora: z.boolean().default(false).describe('Rank-stabilised scaling alpha / √r (Kalajdzievski 2023).'),
    targets: z
      .union([z.literal('all-linear'), z.array(z.string()).min(1)])
      .default('all-linear')
      .describe("Linear layers that carry factors: names such as 'q_proj', or 'all-linear'."),
    dropout: z
      .number()
      .min(0)
      .max(0.9)
      .default(0)
      .describe('Probability with which an input of A is zeroed in training.'),
  })
  .describe('Shape and scaling of the low-rank factors (Hu et al. 2021).');

export const trainingSettings = z
  .strictObject({
    learningRate: z.number().positive().max(1).default(2e-3).describe('Peak learning rate.'),
    schedule: z
      .enum(['constant', 'linear', 'cosine'])
      .default('cosine')
      .describe('How the learning rate goes from its peak to finalRate.'),
    warmup: z.number().min(0).max(1).default(0.03).describe('Share of the steps over which the rate rises from 0.'),
    finalRate: z.number().min(0).max(1).default(0.05).describe('Rate at the last step, as a share of the peak.'),
    batchSize: z.int().min(1).max(4096).default(16).describe('Rows of one expert in one run of the graph.'),
    accumulation: z.int().min(1).max(1024).default(1).describe('Runs whose gradients are averaged into one step.'),
    epochs: z.number().positive().optional().describe('Passes over the training data; steps takes precedence.'),
    steps: z.int().min(1).optional().describe('Optimiser steps.'),
    maxLength: z.int().min(8).default(256).describe('Longest example, in tokens; longer ones are cut at the end.'),
    recompute: z
      .boolean()
      .default(false)
      .describe(
        "Gradient checkpointing: the backward pass computes each block's activations again. Slower, in less memory; one expert that asks for it is enough for a run.",
      ),
    lossOn: z
      .enum(['answer', 'all'])
      .default('answer')
      .describe("Tokens that are learned: the assistant's answers, or everything."),
    weightDecay: z.number().min(0).max(1).default(0).describe('Decoupled decay of AdamW (Loshchilov & Hutter 2019).'),
    beta1: z.number().min(0).lt(1).default(0.9).describe("AdamW's decay of the first moment."),
    beta2: z.number().min(0).lt(1).default(0.999).describe("AdamW's decay of the second moment."),
    epsilon: z.number().positive().default(1e-8).describe("AdamW's epsilon."),
    maxNorm: z.number().min(0).default(1).describe('Largest global norm of the gradient; 0 for no clipping.'),
    validateEvery: z.int().min(0).default(100).describe('Steps between validation losses; 0 for none.'),
    patience: z
      .int()
      .min(0)
      .default(0)
      .describe('Stop after this many validations without a better loss; 0 to train to the end.'),
    checkpointEvery: z.int().min(0).default(100).describe('Steps between checkpoints; 0 for none.'),
  })
  .describe('How factors are trained.');

const dataFile = z.string().min(1).describe('A JSONL or CSV file, relative to the recipe.');

const expert = z
  .strictObject({
    description: z.string().optional().describe('What this expert is for.'),
    domain: z
      .string()
      .optional()
      .describe("What its prompts are about; 'math', 'code' and 'qa' are known to the router beforehand."),
    data: z
      .strictObject({
        train: dataFile.describe('Examples it learns from.'),
        validation: dataFile.optional().describe('Examples its best checkpoint is chosen by.'),
      })
      .optional()
      .describe('Its data; needed when it is trained here.'),
    adapter: z.string().optional().describe('A PEFT folder to load instead of training.'),
    lora: overridesOf(loraSettings).optional().describe("Overrides of the recipe's lora settings."),
    training: overridesOf(trainingSettings).optional().describe("Overrides of the recipe's training settings."),
  })
  .describe('One adapter with a domain.');

export const generationSettings = z
  .strictObject({
    temperature: z.number().min(0).max(10).default(0).describe('0 takes the most probable token.'),
    topK: z.int().min(0).default(0).describe('Sample among the k most probable tokens; 0 for all.'),
    topP: z.number().gt(0).max(1).default(1).describe('Sample among the smallest set of this total probability.'),
    repetitionPenalty: z
      .number()
      .positive()
      .default(1)
      .describe('Divides the scores of tokens seen (Keskar et al. 2019).'),
    seed: z.int().min(0).default(0).describe('Seed of the sampling.'),
    stop: z.array(z.string().min(1)).default([]).describe('Texts before which the answer ends.'),
    maxTokens: z.int().min(1).default(128).describe('Longest answer, in tokens.'),
  })
  .describe('How answers are decoded.');

const router = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('learned').describe('A linear classifier trained on the experts’ own prompts.'),
      seed: z.int().min(0).default(1).describe('Seed of its training.'),
    }),
    z.strictObject({
      kind: z.literal('keywords').describe('A visible table of words.'),
      keywords: z
        .record(z.string(), z.record(z.string(), z.number()))
        .optional()
        .describe('Expert → word or phrase → weight; without it, a table for math, code and qa.'),
    }),
  ])
  .describe('How a prompt finds its experts.');

const blend = z.record(z.string(), weight).describe('Expert → weight.');

export const mergeMethods = [
  'cat',
  'linear',
  'svd',
  'ties',
  'dare_linear',
  'dare_ties',
  'magnitude_prune',
  'ties_svd',
  'dare_linear_svd',
  'dare_ties_svd',
  'magnitude_prune_svd',
] as const;

const merge = z
  .strictObject({
    method: z.enum(mergeMethods).default('cat').describe("How the factors are combined; 'cat' is exact."),
    weights: blend.describe('Expert → weight.'),
    density: z.number().gt(0).max(1).default(0.5).describe('Share of entries that pruning keeps.'),
    rank: z.int().min(1).optional().describe('Rank of the result of the svd forms; the largest rank without it.'),
    majoritySign: z.enum(['total', 'frequency']).default('total').describe('How ties elects a sign.'),
    seed: z.int().min(0).default(0).describe('Seed of the masks of dare.'),
    out: z.string().optional().describe('Folder of the result; within the run folder without it.'),
  })
  .describe('A permanent combination of experts.');

const evaluationSet = z
  .strictObject({
    data: dataFile,
    expert: z.string().describe('The expert whose domain this set tests.'),
    scorer: z
      .enum(['exact', 'final', 'code'])
      .default('exact')
      .describe(
        "'exact': the whole answer; 'final': what follows 'Answer:'; 'code': runs it against the example's tests.",
      ),
    limit: z.int().min(1).optional().describe('Use the first so many examples.'),
  })
  .describe('A held-out set.');

const evaluation = z
  .strictObject({
    sets: z.record(name, evaluationSet).default({}).describe('Held-out sets by name.'),
    sequential: z
      .strictObject({
        order: z.array(z.string()).min(2).describe('Domains in the order in which the one adapter learns them.'),
        steps: z.int().min(1).optional().describe('Steps on each; those of the experts without it.'),
      })
      .optional()
      .describe('One adapter trained on one domain after the other, to compare forgetting with.'),
    batchSize: z.int().min(1).max(512).default(32).describe('Prompts decoded together.'),
  })
  .describe('What the report measures.');

const step = z
  .discriminatedUnion('do', [
    z.strictObject({ do: z.literal('note'), text: z.string().describe('Markdown.') }),
    z.strictObject({
      do: z.literal('train'),
      experts: z.array(z.string()).min(1).optional().describe('All without it.'),
    }),
    z.strictObject({
      do: z.literal('ask'),
      prompt: z.string().min(1),
      expert: z.string().default('auto').describe("An expert, 'base', or 'auto' for the router."),
      weights: blend.optional(),
      blend: z.string().optional().describe('A named blend.'),
    }),
    z.strictObject({ do: z.literal('blend'), prompt: z.string().min(1), blends: z.array(z.string()).min(1) }),
    z.strictObject({ do: z.literal('merge'), merge: z.string().describe('A named merge.') }),
    z.strictObject({
      do: z.literal('evaluate'),
      sets: z.array(z.string()).min(1).optional().describe('All without it.'),
    }),
  ])
  .describe('One step of the experiment.');

/** How the weights of a base's products can be kept. */
export const quantizations = ['int8', 'int4'] as const;

export const recipeSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds the schema.'),
    version: z.literal(1).default(1).describe('Version of the format.'),
    name: z.string().optional().describe('What the experiment is called.'),
    base: z
      .string()
      .min(1)
      .default('embedded')
      .describe(
        "The frozen base: 'embedded', a Hugging Face folder relative to the recipe, or a downloaded model, `owner/name`.",
      ),
    quantization: z
      .enum(['none', ...quantizations])
      .default('none')
      .describe(
        "How the weights of the base's products are held in memory: 'none' in F32, 'int8' or 'int4' in blocks of 32 with a scale. The quantised copy is made once and cached; experts train on it as on any base (QLoRA, Dettmers et al. 2023).",
      ),
    seed: z.int().min(0).max(4294967295).default(1).describe('Seed of initial factors, data order and dropout.'),
    output: z
      .string()
      .optional()
      .describe('Folder of runs, adapters and reports; `runs/NAME` beside the recipe without it.'),
    lora: overridesOf(loraSettings).default({}).describe('Settings of every expert’s factors.'),
    training: overridesOf(trainingSettings).default({}).describe('Settings of every expert’s training.'),
    experts: z.record(name, expert).default({}).describe('The experts by name.'),
    router: router.default({ kind: 'learned', seed: 1 }),
    generation: overridesOf(generationSettings).default({}).describe('How answers are decoded.'),
    blends: z.record(name, blend).default({}).describe('Named blends: weights of experts at run time.'),
    merges: z.record(name, merge).default({}).describe('Named merges: permanent combinations.'),
    evaluation: evaluation.default({ sets: {}, batchSize: 32 }),
    steps: z.array(step).default([]).describe('The experiment, in order.'),
  })
  .describe('A Multi-LoRA recipe.');

export type Quantization = (typeof quantizations)[number];
export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeExpert = z.infer<typeof expert>;
export type RecipeStep = z.infer<typeof step>;
export type MergeSettings = z.infer<typeof merge>;
export type MergeMethod = (typeof mergeMethods)[number];
export type EvaluationSet = z.infer<typeof evaluationSet>;
export type LoraSettings = z.infer<typeof loraSettings>;
export type TrainingSettings = z.infer<typeof trainingSettings>;
export type GenerationSettings = z.infer<typeof generationSettings>;

/** The recipe's JSON schema, for editors. */
export function recipeJsonSchema(): unknown {
  return z.toJSONSchema(recipeSchema, { io: 'input' });
}
