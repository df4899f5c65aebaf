// The namespace: '{ z }' keeps every language's messages in the bundles, 400 kB of them.
import * as z from 'zod';
import { checkPatterns, targetExpression } from '../nn/lora/modulePattern.ts';
import { arithmetics } from '../protocol/arithmetic.ts';
import { WorkbenchError } from '../protocol/errors.ts';
import { type FittedMethod, mergeMethods, mergeMethodTexts } from '../protocol/mergeMethod.ts';
import { quantizations } from '../protocol/quantization.ts';
import { scorerNames, scorerTexts } from '../protocol/scorer.ts';
import { listing } from '../text/numbers.ts';
import { addressProblem } from './addressProblem.ts';
import { mostParts } from './limits.ts';
import { namePattern, nameRule } from './names.ts';
import { pathProblem } from './pathProblem.ts';

/**
 * The recipe, `NAME.lora.json`: one experiment written down. This is its only definition: the validator, the
 * editor's JSON schema, the documentation and every default come from here. Paths are relative to the recipe's folder.
 */

/** Names become names of files, which may have 255 bytes with what is put behind them. */
const name = z.string().max(100, 'has at most 100 characters').regex(namePattern, nameRule);

/** Parts by name. */
const named = <S extends z.ZodType>(part: S, noun: string) =>
  z
    .record(name, part)
    .refine(parts => Object.keys(parts).length <= mostParts, `a recipe has at most ${mostParts} ${noun}`)
    .meta({ maxProperties: mostParts });

/** Examples that documentation and completion show. */
const exampleValues = (...examples: unknown[]) => ({ examples });

/** A sentence for each value of an enumeration, in its order. */
const valueTexts = (sentences: Record<string, string>) => ({ enumDescriptions: Object.values(sentences) });

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

/** A form shows this setting, and those after it up to the next section, in this section. */
const shownFromHere = (section: FormSection | 'nowhere') => ({ section });

const weight = z.number().describe('Share of an expert; negative subtracts what it learned.');

/** The same keys, all optional and without filling in defaults, so that layers of settings can override one another. */
function overridesOf<S extends z.ZodObject>(settings: S): z.ZodType<Partial<z.output<S>>, Partial<z.input<S>>> {
  const shape = Object.entries(settings.shape).map(([key, field]) => {
    if (!(field instanceof z.ZodDefault)) return [key, field];
    const inner = field.unwrap() as z.ZodType;
    return [key, inner.optional().meta({ ...field.meta(), default: field.def.defaultValue })];
  });
  return z.strictObject(Object.fromEntries(shape)).describe(settings.description ?? '') as never;
}

/** Refuses keys of patterns that PEFT could not read, or that are too complicated to be matched. */
const patterns = <S extends z.ZodType<number>>(value: S) =>
  z.record(z.string().min(1), value).check(({ value, issues }) => {
    try {
      checkPatterns(Object.keys(value), 'patterns');
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      issues.push({ code: 'custom', message: error.message.replace('patterns: ', ''), input: value });
    }
  });

const isExpression = (text: string) => targetExpression(text) !== undefined;

export const loraSettings = z
  .strictObject({
    rank: z
      .int()
      .min(1)
      .max(1024)
      .default(16)
      .describe('Rank r of the factors A [r, in] and B [out, r].')
      .meta(shownFromHere('factors')),
    alpha: z
      .number()
      .positive()
      .default(32)
      .describe('Numerator of the scaling: alpha / r, or alpha / √r with rsLoRA.'),
    rslora: z.boolean().default(false).describe('Rank-stabilised scaling alpha / √r (Kalajdzievski 2023).'),
    dora: z
      .boolean()
      .default(false)
      .describe(
        'Weight-decomposed adaptation, DoRA (Liu et al. 2024): a magnitude is trained for each output beside the factors. Slower, and merged into a copy of the base alone.',
      ),
    bias: z
      .enum(['none', 'lora_only', 'all'])
      .default('none')
      .describe("Biases that are trained beside the factors, as PEFT's `bias`; merged into a copy of the base alone.")
      .meta(
        valueTexts({
          none: 'None.',
          lora_only: 'Those of the layers that carry factors.',
          all: 'Those of all linear layers; for bases whose norms have none.',
        }),
      ),
    targets: z
      .union([
        z.literal('all-linear'),
        z.array(z.string()).min(1).max(100),
        // A name alone is meant as a list of one.
        z
          .string()
          .regex(/[^\w-]/, { abort: true, error: 'regular expression' })
          .refine(isExpression, { abort: true, error: 'regular expression' }),
      ])
      .default('all-linear')
      .describe(
        "Linear layers that carry factors: names such as 'q_proj', or 'all-linear', or one regular expression for whole paths.",
      )
      .meta(exampleValues(['q_proj', 'v_proj'], '.*\\.(1|2)\\.self_attn\\.[qv]_proj')),
    layers: z
      .array(z.int().min(0))
      .min(1)
      .max(1000)
      .optional()
      .describe('Blocks that carry factors, counted from 0; all without it.')
      .meta(exampleValues([0, 1, 2, 3])),
    rankPattern: patterns(z.int().min(1).max(1024))
      .default({})
      .describe(
        'Ranks of layers that differ: a name, a path or a regular expression for the end of one → rank; the first that fits counts.',
      )
      .meta(exampleValues({ down_proj: 4 })),
    alphaPattern: patterns(z.number().positive())
      .default({})
      .describe(
        'Alphas of layers that differ, as rankPattern. A layer with another rank and no alpha is scaled otherwise.',
      )
      .meta(exampleValues({ down_proj: 8 })),
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
    learningRate: z
      .union([z.literal('auto'), z.number().positive().max(1)])
      .default('auto')
      .describe(
        "Peak learning rate. 'auto' takes it from the base's width and family: 5e-5 · 10 · (2000 / width)^e, with e 0.0775 for Qwen and 0.781 for the others (Schulman et al. 2025).",
      )
      .meta(shownFromHere('rate')),
    schedule: z
      .enum(['constant', 'linear', 'cosine'])
      .default('cosine')
      .describe('How the learning rate goes from its peak to finalRate.')
      .meta(
        valueTexts({
          constant: 'Stays at its peak.',
          linear: 'Falls on a line.',
          cosine: 'Falls on half a cosine wave: slowly, faster, slowly (Loshchilov & Hutter 2017).',
        }),
      ),
    warmup: z.number().min(0).max(1).default(0.03).describe('Share of the steps over which the rate rises from 0.'),
    finalRate: z.number().min(0).max(1).default(0.05).describe('Rate at the last step, as a share of the peak.'),
    batchSize: z
      .int()
      .min(1)
      .max(4096)
      .default(16)
      .describe('Rows of one expert in one run of the graph; the last of an epoch may be smaller.')
      .meta(shownFromHere('budget')),
    accumulation: z
      .int()
      .min(1)
      .max(1024)
      .default(1)
      .describe('Batches whose gradients become one step; each token that is learned weighs the same.'),
    epochs: z.number().positive().default(3).describe('Passes over the training data; steps takes precedence.'),
    steps: z.int().min(1).optional().describe('Optimiser steps.'),
    maxLength: z
      .int()
      .min(8)
      .default(256)
      .describe('Longest example, in tokens; longer ones are cut at the end.')
      .meta(shownFromHere('examples')),
    recompute: z
      .union([z.literal('auto'), z.boolean()])
      .default('auto')
      .describe(
        "Gradient checkpointing (Chen et al. 2016): the backward pass computes each block's activations again. A quarter to a third slower, in less memory, with the same results. 'auto' does so where training would not fit into memory otherwise; one expert's true is enough for a run.",
      ),
    arithmetic: z
      .enum(['auto', ...arithmetics])
      .default('auto')
      .describe(
        "How products with the frozen base are computed: in F32 ('float'), or with 8-bit integers ('int8'), which is half again to twice as fast on processors that have instructions for it (AVX-512 VNNI, for example). 'auto' uses them there, on bases at least 256 wide that are not quantised. Everything else is F32 either way. Experts of one run share it.",
      ),
    lossOn: z
      .enum(['answer', 'all'])
      .default('answer')
      .describe("Tokens that are learned: the assistant's answers, or everything.")
      .meta(valueTexts({ answer: "The assistant's answers.", all: 'Prompts too.' })),
    weightDecay: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Decoupled decay of AdamW (Loshchilov & Hutter 2019).')
      .meta(shownFromHere('optimiser')),
    beta1: z.number().min(0).lt(1).default(0.9).describe("AdamW's decay of the first moment."),
    beta2: z.number().min(0).lt(1).default(0.999).describe("AdamW's decay of the second moment."),
    epsilon: z.number().positive().default(1e-8).describe("AdamW's epsilon."),
    loraPlusRatio: z
      .number()
      .positive()
      .max(1000)
      .default(1)
      .describe(
        "Learning rate of B, and of DoRA's magnitudes, as a multiple of A's: LoRA+ (Hayou et al. 2024); 1 for one rate.",
      ),
    maxNorm: z.number().min(0).default(1).describe('Largest global norm of the gradient; 0 for no clipping.'),
    validateEvery: z
      .int()
      .min(0)
      .default(100)
      .describe('Steps between validation losses; 0 for none.')
      .meta(shownFromHere('progress')),
    patience: z
      .int()
      .min(0)
      .default(0)
      .describe('Stop after this many validations without a better loss; 0 to train to the end.'),
    checkpointEvery: z.int().min(0).default(100).describe('Steps between checkpoints; 0 for none.'),
    keepCheckpoints: z
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .describe('Checkpoints that a run keeps, the last among them; each holds factors, moments and the best factors.'),
  })
  .describe('How factors are trained.');

/** A path relative to the recipe. What may not be named is refused here, so that nothing that reads a recipe looks for it. */
const path = z.string().check(({ value, issues }) => {
  const message = pathProblem(value);
  if (message) issues.push({ code: 'custom', message, input: value });
});

const dataFile = path
  .min(1)
  .describe(
    'A file of examples (JSONL, JSON, CSV, Parquet), relative to the recipe, or a dataset of the hub, owner/name:configuration:split.',
  );

const column = z.string().min(1).max(200);
const columnNames = z
  .strictObject({
    prompt: column
      .optional()
      .describe('What is asked, a text or a list of messages.')
      .meta(exampleValues('problem'))
      .meta(shownFromHere('nowhere')),
    answer: column.optional().describe('What is learned.').meta(exampleValues('solution')),
    system: column.optional().describe('A system message.'),
    context: column.optional().describe('A text that stands before the question.'),
    history: column.optional().describe('Earlier turns, a list of [question, answer].'),
    choices: column.optional().describe('Answers that the question offers.'),
    messages: column.optional().describe('A chat, in place of prompt and answer.').meta(exampleValues('dialog')),
    text: column.optional().describe('A text that is learned whole, in place of prompt and answer.'),
  })
  .describe('The columns, or fields, that hold the examples, where they go by names of their own.')
  .meta(exampleValues({ prompt: 'problem', answer: 'solution' }));

/** How data is read where its file does not say it: the same for what is learned and what is measured. */
const dataReading = {
  columns: columnNames.optional(),
  system: z.string().min(1).max(100_000).optional().describe('A system message for the examples that have none.'),
};

const expert = z
  .strictObject({
    description: z.string().optional().describe('What this expert is for.').meta(shownFromHere('expert')),
    domain: z
      .string()
      .optional()
      .describe("What its prompts are about; 'math', 'code' and 'qa' are known to the router beforehand."),
    data: z
      .strictObject({
        train: dataFile
          .describe(
            'Examples it learns from: a file (JSONL, JSON, CSV, Parquet), relative to the recipe, or a dataset of the hub.',
          )
          .meta(exampleValues('math/train.jsonl', 'openai/gsm8k:main:train')),
        validation: z
          .union([dataFile, z.number().gt(0).lt(1)])
          .optional()
          .describe(
            'Examples its best checkpoint is chosen by: a file, relative to the recipe, or the share of the training data that is set aside for it. Without it none are.',
          )
          .meta(exampleValues('math/validation.jsonl', 0.1)),
        ...dataReading,
      })
      .optional()
      .describe('Its data; needed when it is trained here.'),
    adapter: path
      .optional()
      .describe('A PEFT folder to load instead of training, relative to the recipe.')
      .meta(exampleValues('adapters/math'))
      .meta(shownFromHere('nowhere')),
    startFrom: path
      .optional()
      .describe(
        'A PEFT folder from whose factors its training starts, relative to the recipe: an expert, or a merge. Its rank may be smaller than the expert’s.',
      )
      .meta(exampleValues('adapters/math'))
      .meta(shownFromHere('nowhere')),
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
    stop: z
      .array(z.string().min(1))
      .default([])
      .describe('Texts before which the answer ends.')
      .meta(exampleValues(['\n\n'])),
    maxTokens: z
      .int()
      .min(1)
      .default(128)
      .describe(
        'Longest answer, in tokens. Conversations take half of the window where it is left out, and 1,024 at most.',
      ),
    thinking: z
      .boolean()
      .default(false)
      .describe(
        'Whether the model reasons before it answers, where its chat template knows of it; what experts learn is rendered in the same way.',
      ),
  })
  .describe('How answers are decoded.');

/** Examples of each expert's data to which token gates are fitted. */
const gateExamples = 100;

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
        .describe('Expert → word or phrase → weight; without it, a table for math, code and qa.')
        .meta(exampleValues({ math: { percent: 2 } })),
    }),
    z.strictObject({
      kind: z
        .literal('tokens')
        .describe('A linear gate in each half of a block, for every token; fitted to examples of the experts’ data.'),
      examples: z.int().min(1).default(gateExamples).describe('Examples of each expert’s data.'),
    }),
    z.strictObject({
      kind: z
        .literal('arrow')
        .describe(
          'For every token and layer, the experts whose ΔW stretches it most (Ostapenko et al. 2024, arXiv:2405.11157); nothing is fitted.',
        ),
      topK: z.int().min(1).default(3).describe('Experts that share a token in a layer.'),
      temperature: z.number().positive().default(1).describe('Divides what the softmax over them reads.'),
    }),
  ])
  .describe('How a prompt, or each of its tokens, finds its experts.');

const blend = z
  .record(z.string(), weight)
  .describe('Expert → weight.')
  .meta(exampleValues({ code: 0.6, math: 0.4 }));

/** Examples of each expert's data, by the method that is fitted to them. */
export const fittedExamples: Record<FittedMethod, number> = { regmean: 100, learned: 333, distilled: 2000 };
/** The rank of a distilled adapter. */
export const distilledRank = 16;

const merge = z
  .strictObject({
    weights: blend
      .default({})
      .describe(
        'Expert → weight; of the methods that are fitted to data, how much its texts count, all experts alike without it.',
      ),
    method: z
      .enum(mergeMethods)
      .default('cat')
      .describe("How the factors are combined; 'cat' is exact.")
      .meta(valueTexts(mergeMethodTexts)),
    density: z.number().gt(0).max(1).default(0.5).describe('Share of entries that pruning keeps.'),
    rank: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Rank of the result of the svd forms, the largest rank without it; of regmean and learned, the sum of the ranks without it; of distilled, 16 without it.',
      ),
    energy: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(
        'The result of regmean and learned is cut down by singular values, to as few ranks as keep this share of its squared norm.',
      )
      .meta(exampleValues(0.95)),
    majoritySign: z
      .enum(['total', 'frequency'])
      .default('total')
      .describe('How ties elects a sign.')
      .meta(valueTexts({ total: 'By the sum of the entries.', frequency: 'By the count of their signs.' })),
    seed: z.int().min(0).default(0).describe('Seed of the masks of dare.'),
    examples: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe(
        `Examples of each expert’s training data that a method which is fitted to data reads, drawn by the recipe’s seed; ${listing(Object.entries(fittedExamples).map(([method, n]) => `${n} for ${method}`))} without it.`,
      )
      .meta(exampleValues(100)),
    shrinkage: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'How much smaller regmean makes what lies beside the diagonals of its Gram matrices: 0 nothing, 1 all.',
      ),
    per: z
      .enum(['direction', 'module', 'expert'])
      .default('direction')
      .describe('What has a weight of its own, of learned.')
      .meta(
        valueTexts({
          direction: 'In each layer every direction of the experts’ ranks.',
          module: 'In each layer every expert.',
          expert: 'Every expert.',
        }),
      ),
    epochs: z.number().positive().max(1000).default(3).describe('Passes of learned over its examples.'),
    steps: z.int().min(1).max(1_000_000).default(400).describe('Steps of distilled, of 16 examples each.'),
    out: path
      .optional()
      .describe('Folder of the result, relative to the recipe; within the output folder without it.')
      .meta(exampleValues('adapters/both')),
  })
  .describe('A permanent combination of experts.');

/** How the experts of a merge are combined: the merge without its experts and its place. */
export const mergeSettings = merge.omit({ weights: true, out: true });

const evaluationSet = z
  .strictObject({
    data: dataFile.meta(exampleValues('math/heldout.jsonl')),
    ...dataReading,
    expert: z
      .string()
      .optional()
      .describe(
        'The expert whose domain this set tests. Without it the set asks for what no expert learned alone: everyone is asked, and it does not count into what is said of all sets together.',
      ),
    scorer: z
      .enum(scorerNames)
      .default('exact')
      .describe(
        "What counts as right: 'exact', 'final' or 'code'; of gaps that are filled 'line' or 'similar', of calls of tools 'toolCall'.",
      )
      .meta(valueTexts(scorerTexts)),
    limit: z.int().min(1).optional().describe('Use the first so many examples.'),
    minimum: z
      .record(z.string(), z.number().min(0).max(1).describe('The least share of right answers.'))
      .optional()
      .describe(
        "A gate against regressions: who answers ('auto' for the router, 'base', an expert, a blend or a merge) → the least share of right answers. Below it the command line's eval fails, and so does the set's test in the editor.",
      )
      .meta(exampleValues({ math: 0.9, auto: 0.85 })),
  })
  .describe('A held-out set.');

const evaluation = z
  .strictObject({
    sets: named(evaluationSet, 'held-out sets').default({}).describe('Held-out sets by name.'),
    sequential: z
      .strictObject({
        order: z.array(z.string()).min(2).describe('Domains in the order in which the one adapter learns them.'),
        steps: z.int().min(1).optional().describe('Steps on each; those of the experts without it.'),
      })
      .optional()
      .describe('One adapter trained on one domain after the other, to compare forgetting with.'),
    joint: z
      .strictObject({
        steps: z.int().min(1).optional().describe('Its steps; as many as all experts together without it.'),
      })
      .optional()
      .describe(
        "One adapter trained on all experts' data at once, with the first one's settings: what is to be beaten. It takes as long as the experts.",
      ),
    generalText: z
      .strictObject({
        data: dataFile.meta(exampleValues('general.jsonl')),
        ...dataReading,
        limit: z.int().min(1).default(100).describe('Use the first so many examples.'),
      })
      .optional()
      .describe(
        'Text of no domain, such as { "text": … } a line, to see what experts cost elsewhere: the loss of the base, of each expert and of each merge on the first 512 tokens of each.',
      ),
    batchSize: z.int().min(1).max(512).default(32).describe('Prompts decoded together.'),
  })
  .describe('What the report measures.');

/** The address of a server, without what would say who asks. */
const address = z.string().check(({ value, issues }) => {
  const message = addressProblem(value);
  if (message) issues.push({ code: 'custom', message, input: value });
});

/** What is said of every engine elsewhere. */
const anyEngine = {
  experts: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe(
      'Adapters that the server has already: expert → its model there, or of llama-server the name of its GGUF file. The others are put there.',
    )
    .meta(exampleValues({ math: 'math-lora' })),
  fallback: z.boolean().default(false).describe('Whether this machine answers where the engine is away; it says so.'),
  timeout: z
    .number()
    .positive()
    .max(3600)
    .default(60)
    .describe('Seconds without a word from the server after which it counts as away.'),
};

const engine = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('openai').describe('A server of the OpenAI API: vLLM, SGLang, Ray Serve, or another.'),
      url: address.describe("The API's address, up to and with `/v1`.").meta(exampleValues('http://127.0.0.1:8000/v1')),
      model: z
        .string()
        .min(1)
        .optional()
        .describe('The base there; the first model that the server lists without it.')
        .meta(exampleValues('Qwen/Qwen2.5-0.5B-Instruct')),
      folder: z
        .string()
        .min(1)
        .optional()
        .describe(
          'Where the server sees the folder `elsewhere` of the output folder, from which it loads adapters; the same path without it.',
        )
        .meta(exampleValues('/mnt/experts')),
      ...anyEngine,
    }),
    z.strictObject({
      kind: z.literal('llama-server').describe("llama.cpp's server, started with the experts as GGUF adapters."),
      url: address.describe("The server's address.").meta(exampleValues('http://127.0.0.1:8080')),
      ...anyEngine,
    }),
  ])
  .describe('An engine that answers elsewhere.');

const step = z
  .discriminatedUnion('do', [
    z.strictObject({
      do: z.literal('note').describe('Text for people.'),
      text: z.string().describe('Markdown.'),
    }),
    z.strictObject({
      do: z.literal('train').describe('Trains experts, several in one run.'),
      experts: z.array(z.string()).min(1).optional().describe('All without it.'),
    }),
    z.strictObject({
      do: z.literal('ask').describe('Answers a prompt.'),
      prompt: z.string().min(1).describe('What is asked.'),
      expert: z.string().default('auto').describe("An expert, a merge, 'base', or 'auto' for the router."),
      weights: blend.optional(),
      blend: z.string().optional().describe('A named blend.'),
    }),
    z.strictObject({
      do: z.literal('blend').describe('Answers a prompt with several blends, to be compared.'),
      prompt: z.string().min(1).describe('What is asked.'),
      blends: z.array(z.string()).min(1).describe('Named blends.'),
    }),
    z.strictObject({
      do: z.literal('merge').describe('Makes a merge.'),
      merge: z.string().describe('A named merge.'),
    }),
    z.strictObject({
      do: z.literal('evaluate').describe('Measures on held-out sets, and writes the report.'),
      sets: z.array(z.string()).min(1).optional().describe('All without it.'),
    }),
  ])
  .describe('One step of the experiment.');

export const recipeSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds the schema.'),
    version: z.literal(1).default(1).describe('Version of the format.'),
    name: z.string().optional().describe('What the experiment is called.'),
    base: path
      .min(1)
      .default('embedded')
      .describe(
        "The frozen base: 'embedded', a Hugging Face folder or a GGUF file relative to the recipe, a downloaded model, `owner/name` or in GGUF `owner/name:Q4_K_M`, or one of Ollama's, `ollama:name:tag`.",
      )
      .meta(exampleValues('HuggingFaceTB/SmolLM2-135M-Instruct'))
      .meta(shownFromHere('base')),
    quantization: z
      .enum(['auto', 'none', ...quantizations])
      .default('auto')
      .describe(
        "How the weights of the base's products are held in memory. A quantised copy is made once and cached; experts train on one in 'int8' or 'int4' as on any base (QLoRA, Dettmers et al. 2023).",
      )
      .meta(
        valueTexts({
          auto: 'For answers in 8 bits, with a scale for each output, where the base has at least 30 million parameters and the processor is fast at that; else in F32. Training has its own `arithmetic`.',
          none: 'In F32.',
          int8: 'In 8 bits, with a scale for each block of 32.',
          int4: 'In 4 bits, with a scale for each block of 32.',
        }),
      ),
    seed: z.int().min(0).max(4294967295).default(1).describe('Seed of initial factors, data order and dropout.'),
    output: path.optional().describe('Folder of runs, adapters and reports; `runs/NAME` beside the recipe without it.'),
    lora: overridesOf(loraSettings)
      .default({})
      .describe('Settings of every expert’s factors.')
      .meta(shownFromHere('nowhere')),
    training: overridesOf(trainingSettings).default({}).describe('Settings of every expert’s training.'),
    experts: named(expert, 'experts').default({}).describe('The experts by name.'),
    router: router.default(router.parse({ kind: 'learned' })),
    generation: overridesOf(generationSettings).default({}).describe('How answers are decoded.'),
    engines: named(engine, 'engines')
      .default({})
      .describe('Engines elsewhere by name, which answer in place of this machine.'),
    answering: z
      .string()
      .default('local')
      .describe("The engine that answers: 'local' for this machine, or one of `engines`."),
    blends: named(blend, 'blends').default({}).describe('Named blends: weights of experts at run time.'),
    merges: named(merge, 'merges').default({}).describe('Named merges: permanent combinations.'),
    evaluation: evaluation.default(evaluation.parse({})),
    steps: z
      .array(step)
      .max(mostParts, `a recipe has at most ${mostParts} steps`)
      .default([])
      .describe('The experiment, in order.'),
  })
  .describe('A Multi-LoRA recipe.');

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeStep = z.infer<typeof step>;
export type MergeSettings = z.infer<typeof mergeSettings>;
export type RemoteEngine = z.infer<typeof engine>;
export type EvaluationSet = z.infer<typeof evaluationSet>;
export type LoraSettings = z.infer<typeof loraSettings>;
export type TrainingSettings = z.infer<typeof trainingSettings>;
/** As they are on a base: 'auto' has become a number. */
export interface BaseTrainingSettings extends TrainingSettings {
  learningRate: number;
}
export type GenerationSettings = z.infer<typeof generationSettings>;

/** The recipe's JSON schema, for editors. */
export function recipeJsonSchema(): unknown {
  return z.toJSONSchema(recipeSchema, { io: 'input' });
}
