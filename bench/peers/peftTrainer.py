"""LoRA training as users of PEFT run it: transformers' model, PEFT's layers, transformers' Trainer with its defaults
where the job says nothing; in F32, or with its switch for bfloat16. Requests and answers are lines of JSON."""

import os
import tempfile
import time

from lines import serve


class Rows(list):
    """The job's batches row by row, in their order; what comes before an answer carries no loss."""

    def __init__(self, job):
        before = len(job['batches'][0][0]) - job['answer']
        rows = [row for batch in job['batches'] for row in batch]
        super().__init__({'input_ids': row, 'labels': [-100] * before + row[before:]} for row in rows)


def open_model(job):
    from safetensors.torch import load_file

    torch.set_num_threads(job['threads'])
    model = transformers.AutoModelForCausalLM.from_pretrained(job['baseFolder'], dtype=torch.float32)
    config = peft.LoraConfig(
        task_type='CAUSAL_LM',
        r=job['rank'],
        lora_alpha=job['rank'] * job['scaling'],
        target_modules=['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
    )
    model = peft.get_peft_model(model, config)
    factors = {'base_model.model.' + name: tensor for name, tensor in load_file(job['factors']).items()}
    missing = peft.set_peft_model_state_dict(model, factors).unexpected_keys
    if missing:
        raise ValueError(f'factors that PEFT does not know: {missing}')
    return model


def steps(count):
    class Clock(transformers.TrainerCallback):
        """Milliseconds of each step and its loss."""

        def __init__(self):
            self.times, self.losses = [], []

        def on_step_begin(self, *_, **__):
            self.started = time.perf_counter()

        def on_step_end(self, *_, **__):
            self.times.append((time.perf_counter() - self.started) * 1000)

        def on_log(self, args, state, control, logs=None, **__):
            if logs and 'loss' in logs:
                self.losses.append(float(logs['loss']))

    s = job['settings']
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            max_steps=count,
            per_device_train_batch_size=len(job['batches'][0]),
            learning_rate=s['learningRate'],
            weight_decay=s['weightDecay'],
            max_grad_norm=s['maxNorm'],
            lr_scheduler_type='constant',
            bf16=job['arithmetic'] == 'bf16',
            train_sampling_strategy='sequential',
            use_cpu=True,
            logging_steps=1,
            save_strategy='no',
            report_to=[],
            disable_tqdm=True,
        )
        trainer = transformers.Trainer(model=model, args=arguments, train_dataset=Rows(job), callbacks=[clock])
        trainer.remove_callback(transformers.trainer_callback.PrinterCallback)
        trainer.train()
    return {'losses': clock.losses, 'times': clock.times}


def answer(name, params):
    global job, model, peft, torch, transformers
    if name == 'open':
        # Here, so that a missing package is an answer.
        import peft
        import torch
        import transformers

        job = params
        model = open_model(job)
        versions = f'{torch.__version__}, transformers {transformers.__version__}, PEFT {peft.__version__}'
        return {'torch': versions, 'blas': 'torch', 'threads': torch.get_num_threads()}
    return steps(params['count'])


os.environ.setdefault('TRANSFORMERS_VERBOSITY', 'error')
serve(answer)
