import { rankOf, scalingOf } from '../../nn/lora/adapterConfig.ts';
import type { TrainingForm } from '../../protocol/trainingForm.ts';
import type { BaseTrainingSettings } from '../../recipe/schema.ts';
import type { PreparedExpert } from '../training/prepareExpert.ts';
import type { TrainingJobFile } from './trainingJob.ts';
import { yaml } from './yaml.ts';

/** What starts a job somewhere. */
export interface Launch {
  /** Files that are written beside the job, by name. */
  files: [name: string, text: string][];
  /** Command lines, to be called in the job's folder. */
  commands: string[];
  /** What of the recipe this form cannot say. */
  notes: string[];
}

/** What starts the job in this form. */
export function launchOf(form: TrainingForm, job: TrainingJobFile, prepared: readonly PreparedExpert[]): Launch {
  const name = `multi-lora-${job.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`.replace(/-+$/, '').slice(0, 60);
  switch (form) {
    case 'trl':
      return {
        files: [],
        commands: ['uv run train.py', 'torchrun --nproc-per-node 2 train.py', 'accelerate launch train.py'],
        notes: [],
      };
    case 'ray':
      return {
        files: [],
        commands: [
          'ray job submit --address http://127.0.0.1:8265 --working-dir . -- python ray_train.py --workers 2',
          'python ray_train.py --workers 2',
        ],
        notes: [],
      };
    case 'skypilot':
      return {
        files: [['sky.yaml', skyFile(name)]],
        commands: [`sky launch -c ${name} sky.yaml`, `rsync -a ${name}:sky_workdir/results .`],
        notes: [],
      };
    case 'hf-jobs':
      return {
        files: [],
        commands: [
          `hf buckets create ${name}`,
          `hf jobs uv run --name ${name} --flavor l4x1 --timeout 8h -v .:/job -v hf://buckets/USER/${name}:/results train.py --job /job --out /results --resume`,
          `hf buckets sync hf://buckets/USER/${name} results`,
        ],
        notes: ['Put your name in place of USER, or that of your organisation.'],
      };
    case 'axolotl':
      return joined(prepared.map(each => axolotl(job, each)));
    case 'llama-factory':
      return joined([dataOfLlamaFactory(prepared), ...prepared.map(each => llamaFactory(job, each))]);
  }
}

function joined(parts: Launch[]): Launch {
  const all = <T>(of: (part: Launch) => T[]) => [...new Set(parts.flatMap(of))];
  return { files: parts.flatMap(p => p.files), commands: all(p => p.commands), notes: all(p => p.notes) };
}

/** Every node that is lost to a lower price is replaced, and goes on from the last checkpoint of a mounted bucket. */
function skyFile(name: string): string {
  return yaml({
    name,
    resources: { accelerators: 'L4:1' },
    workdir: '.',
    setup: 'pip install -r requirements.txt',
    run: 'torchrun --nproc-per-node $SKYPILOT_NUM_GPUS_PER_NODE train.py --resume\n',
  });
}

/** What transformers' trainer calls the settings that axolotl and LLaMA-Factory pass on to it. */
function trainerKeys(s: BaseTrainingSettings, steps: number) {
  return {
    learning_rate: s.learningRate,
    weight_decay: s.weightDecay,
    adam_beta1: s.beta1,
    adam_beta2: s.beta2,
    adam_epsilon: s.epsilon,
    max_grad_norm: s.maxNorm,
    warmup_steps: Math.round(s.warmup * steps),
    gradient_accumulation_steps: s.accumulation,
    gradient_checkpointing: s.recompute === true,
    save_total_limit: s.keepCheckpoints,
    bf16: false,
    logging_steps: 1,
  };
}

const drawnAnew = 'The rows are the same, and drawn in an order of the trainer’s own.';

function axolotl({ base, seed }: TrainingJobFile, { job, settings, lora, targets }: PreparedExpert): Launch {
  const { name, steps, validation } = job;
  const data = (part: string) => [{ path: `experts/${name}/${part}.jsonl`, ds_type: 'json', type: null }];
  const { schedule, finalRate } = settings;
  const text = yaml({
    base_model: base.repository ?? base.path,
    revision_of_model: base.revision,
    adapter: 'lora',
    lora_model_dir: `experts/${name}/start`,
    lora_r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    lora_target_modules: namesOf(targets),
    peft_use_rslora: lora.rslora,
    peft_use_dora: lora.dora,
    loraplus_lr_ratio: settings.loraPlusRatio === 1 ? undefined : settings.loraPlusRatio,
    datasets: data('train'),
    test_datasets: validation.length > 0 ? data('validation') : undefined,
    sequence_len: settings.maxLength,
    sample_packing: false,
    pad_to_sequence_len: false,
    micro_batch_size: settings.batchSize,
    max_steps: steps,
    optimizer: 'adamw_torch',
    lr_scheduler: schedule === 'constant' ? 'constant_with_warmup' : schedule,
    cosine_min_lr_ratio: schedule === 'cosine' ? finalRate : undefined,
    ...trainerKeys(settings, steps),
    eval_steps: validation.length > 0 && settings.validateEvery > 0 ? settings.validateEvery : undefined,
    save_steps: settings.checkpointEvery || undefined,
    seed,
    output_dir: `results/${name}/adapter`,
  });
  return {
    files: [[`axolotl-${name}.yaml`, text]],
    commands: [`axolotl train axolotl-${name}.yaml`],
    notes: [drawnAnew, ...limits(base, schedule === 'linear' && finalRate > 0), ...patternNotes(lora, targets)],
  };
}

function llamaFactory({ base, seed }: TrainingJobFile, { job, settings, lora, targets }: PreparedExpert): Launch {
  const { name, steps, validation } = job;
  const { schedule, finalRate } = settings;
  const falls = schedule === 'cosine' && finalRate > 0;
  const text = yaml({
    model_name_or_path: base.repository ?? base.path,
    model_revision: base.revision,
    stage: 'sft',
    do_train: true,
    finetuning_type: 'lora',
    adapter_name_or_path: `experts/${name}/start`,
    create_new_adapter: false,
    lora_rank: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    lora_target: namesOf(targets).join(','),
    use_rslora: lora.rslora,
    use_dora: lora.dora,
    loraplus_lr_ratio: settings.loraPlusRatio === 1 ? undefined : settings.loraPlusRatio,
    dataset_dir: '.',
    dataset: name,
    eval_dataset: validation.length > 0 ? `${name}-validation` : undefined,
    cutoff_len: settings.maxLength,
    train_on_prompt: settings.lossOn === 'all',
    per_device_train_batch_size: settings.batchSize,
    max_steps: steps,
    lr_scheduler_type: falls ? 'cosine_with_min_lr' : schedule === 'constant' ? 'constant_with_warmup' : schedule,
    lr_scheduler_kwargs: falls ? { min_lr_rate: finalRate } : undefined,
    ...trainerKeys(settings, steps),
    eval_strategy: validation.length > 0 && settings.validateEvery > 0 ? 'steps' : undefined,
    eval_steps: validation.length > 0 && settings.validateEvery > 0 ? settings.validateEvery : undefined,
    save_steps: settings.checkpointEvery || undefined,
    seed,
    output_dir: `results/${name}/adapter`,
    report_to: 'none',
  });
  return {
    files: [[`llama-factory-${name}.yaml`, text]],
    commands: [`llamafactory-cli train llama-factory-${name}.yaml`],
    notes: [
      drawnAnew,
      'LLaMA-Factory writes the chats into the template of the base itself, as far as it knows it.',
      ...limits(base, schedule === 'linear' && finalRate > 0),
      ...patternNotes(lora, targets),
    ],
  };
}

/** LLaMA-Factory's list of data: chats in OpenAI's form. */
function dataOfLlamaFactory(prepared: readonly PreparedExpert[]): Launch {
  const tags = {
    role_tag: 'role',
    content_tag: 'content',
    user_tag: 'user',
    assistant_tag: 'assistant',
    system_tag: 'system',
  };
  const entry = (file: string) => ({
    file_name: file,
    formatting: 'sharegpt',
    columns: { messages: 'messages' },
    tags,
  });
  const entries = prepared.flatMap(({ job: { name, validation } }) => [
    [name, entry(`experts/${name}/data.jsonl`)],
    ...(validation.length > 0 ? [[`${name}-validation`, entry(`experts/${name}/data-validation.jsonl`)]] : []),
  ]);
  return {
    files: [['dataset_info.json', `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`]],
    commands: [],
    notes: [],
  };
}

/** Targets by the last part of their paths, as both trainers name them; whole paths where that would adapt others too. */
function namesOf(targets: readonly string[]): string[] {
  return [...new Set(targets.map(path => path.split('.').at(-1)!))];
}

function limits({ gguf_file }: TrainingJobFile['base'], isLinearToRate: boolean): string[] {
  return [
    ...(gguf_file
      ? ['The base is a file in GGUF, which this trainer does not open: name the model in the format of transformers.']
      : []),
    ...(isLinearToRate ? ['The rate falls to 0 here, not to finalRate.'] : []),
  ];
}

function patternNotes(lora: PreparedExpert['lora'], targets: readonly string[]): string[] {
  const differs = targets.some(
    path => rankOf(lora, path) !== lora.rank || scalingOf(lora, path) !== scalingOf(lora, ''),
  );
  return differs ? ['Ranks and alphas of single layers are those of the first factors, in experts/NAME/start.'] : [];
}
