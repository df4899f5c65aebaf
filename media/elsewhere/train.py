# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "torch>=2.6",
#   "transformers>=5.0",
#   "peft>=0.18",
#   "trl>=1.0",
#   "accelerate>=1.10",
#   "datasets>=3.0",
#   "safetensors>=0.5",
#   "gguf>=0.17",
# ]
# ///
"""Trains the experts of a Multi-LoRA recipe with TRL and PEFT: the job beside this file says how.

  uv run train.py [--expert NAME …] [--resume]       installs what it needs by itself
  python train.py                                    where the packages above are there
  torchrun --nproc-per-node N train.py               N processors: the rows of each batch are parted among them
  accelerate launch train.py                         as accelerate is configured

The job: job.json has the settings in numbers; experts/NAME has the rows as token ids with their labels (train.jsonl,
validation.jsonl), the rows of each batch of the whole run (batches.jsonl) and the first factors (start). So the base reads
the same tokens, in the same order and from the same factors, as in the workbench. Dropout draws other masks.

The results: results/NAME has events.jsonl, checkpoints, and the adapter in PEFT's format. A file named `stop` there ends
the training after its step, with a checkpoint, and so do SIGINT and SIGTERM; --resume goes on from the last one.

An expert with points is a sweep: one short training for each, of which the losses are told and nothing else is kept.
"""

import argparse
import base64
import json
import math
import os
import shutil
import signal
import sys
import time
from collections import deque
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

ignored = -100
# Before each line of what --tell prints, so that it is found in a log.
mark = "multi-lora "
# Characters of one printed line of a file.
piece = 60_000


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", type=Path, default=Path(__file__).resolve().parent, help="folder of job.json")
    parser.add_argument("--out", type=Path, help="folder of the results; results in that of the job without it")
    parser.add_argument("--expert", action="append", help="train this expert alone; may be given several times")
    parser.add_argument("--point", type=int, help="of a sweep: train this point alone, counted from 0")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint, where there is one")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of the base's weights")
    parser.add_argument("--tell", action="store_true", help="print the events, and at the end the adapter, into the log")
    options = parser.parse_args(arguments)
    job = json.loads((options.job / "job.json").read_text())
    names = options.expert or list(job["experts"])
    for name in names:
        if name not in job["experts"]:
            sys.exit(f"there is no expert '{name}' in {options.job / 'job.json'}: {', '.join(job['experts'])}")
    # Whoever calls this from another program has its own signals, and has taken an earlier wish away.
    is_program = arguments is None
    stop = StopWish(is_program)
    for name in names:
        folder = (options.out or options.job / "results") / name
        train = train_points if "points" in job["experts"][name] else train_expert
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if is_program and is_first_worker():
                (folder / "stop").unlink(missing_ok=True)
            if not train(job, name, options, folder, stop):
                return False
        except OSError as error:
            # Such as a full disk; the last whole checkpoint is intact.
            sys.exit(f"{error.filename or folder}: {error.strerror or error}. Go on with --resume.")
        except RuntimeError as error:
            # What safetensors and torch make of a full disk.
            if "No space left" not in str(error) and "write" not in str(error):
                raise
            sys.exit(f"{folder}: {error}. Go on with --resume.")
    return True


class StopWish:
    """Whether somebody wants the training to end: a signal now, or a file that the callback looks for."""

    def __init__(self, listens):
        self.is_wanted = False
        for number in (signal.SIGINT, signal.SIGTERM) if listens else ():
            signal.signal(number, self.want)

    def want(self, *_):
        self.is_wanted = True


def train_expert(job, name, options, folder, stop):
    """Trains one expert; whether it has come to its end."""
    expert = job["experts"][name]
    settings = expert["settings"]
    log = EventLog(folder, is_first_worker(), options.tell)
    checkpoint = last_checkpoint(folder) if options.resume else None
    if options.resume and (folder / "done.json").exists():
        log.print(f"{name}: trained already")
        log.tell_adapter()
        return True
    if log.is_first:
        (folder / "done.json").unlink(missing_ok=True)
        if not checkpoint:
            shutil.rmtree(folder / "best", ignore_errors=True)
    progress = Progress(name, expert, settings, folder, log, stop)
    trainer = open_trainer(job, name, options, progress, "start")
    if checkpoint:
        progress.restore(checkpoint)
        log.print(f"{name}: going on from step {progress.step}")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if progress.is_cancelled:
        log.append({"type": "cancelled", "step": progress.step})
        log.print(f"{name}: stopped at step {progress.step}. Go on with --resume.")
        return False
    if log.is_first:
        write_adapter(trainer.model, folder / "adapter", folder / "best" if progress.best else None)
        done = {"expert": name, "baseHash": job["baseHash"], "trainExamples": expert["trainExamples"], "step": progress.step, "tokens": progress.tokens}
        write_json(folder / "done.json", {**done, "best": progress.best})
    log.tell_adapter()
    log.append({"type": "trained", "step": progress.step})
    return True


def train_points(job, name, options, folder, stop):
    """Trains the points of a sweep one after the other; whether none was stopped. One that fails leaves the others alone."""
    expert = job["experts"][name]
    measures_base = expert["measuresBase"]
    for number, point in enumerate(expert["points"]):
        if options.point not in (None, number):
            continue
        own = folder if options.point is None else folder / f"point-{number}"
        own.mkdir(parents=True, exist_ok=True)
        place = {"learningRate": point["learningRate"], "rank": point["rank"]}
        log = EventLog(own, True, options.tell, place)
        try:
            measured = train_point(job, name, point, measures_base, options, folder, log, stop)
        except Exception as error:
            log.append({"type": "failed", "message": f"{type(error).__name__}: {error}"})
            continue
        if measured is None:
            log.append({"type": "cancelled"})
            return False
        # That of one is that of all.
        measures_base = False
        log.append({"type": "point", **measured})
    return True


def train_point(job, name, point, measures_base, options, folder, log, stop):
    """What a training with the rate and rank of a point leaves to learn, row by row; None where it was stopped."""
    begun = time.monotonic()
    expert = job["experts"][name]
    settings = {**expert["settings"], "learningRate": point["learningRate"]}
    progress = PointProgress(name, expert, settings, folder, log, stop)
    trainer = open_trainer(job, name, options, progress, point["start"])
    rows = read_lines(options.job / "experts" / name / "validation.jsonl")
    losses = lambda: [number(loss_of(trainer, [row])[0]) for row in rows]
    # B begins at zero: what is measured before the first step is the base.
    measured = {"startLosses": losses()} if measures_base else {}
    trainer.train()
    if progress.is_cancelled:
        return None
    return {
        **measured,
        "losses": [] if progress.is_broken else losses(),
        "trainLoss": progress.told["loss"],
        "steps": progress.step,
        "tokensPerSecond": progress.tokens_per_second,
        "seconds": time.monotonic() - begun,
    }


def open_trainer(job, name, options, progress, start):
    """The trainer of an expert from its first factors, in the folder `start` of its rows; `progress` hears what it does."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    expert, settings, folder = job["experts"][name], progress.settings, progress.folder
    data = options.job / "experts" / name
    train = read_lines(data / "train.jsonl")
    # A worker for which a batch has no row reads two tokens from which nothing is learned.
    filler = {"input_ids": (train[0]["input_ids"] * 2)[:2], "labels": [ignored] * 2}
    batches = read_lines(data / "batches.jsonl")
    model, tokenizer = open_model(job["base"], options, data / start)
    optimizer = torch.optim.AdamW(
        parameter_groups(model, settings),
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        foreach=False,
    )
    peak = settings["learningRate"]
    # The scheduler counts from 0; each group has its own peak.
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: learning_rate(settings, min(done + 1, expert["steps"]), expert["steps"]) / peak
    )
    trainer = OrderedTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(folder / "checkpoints"),
            seed=job["seed"],
            max_steps=expert["steps"],
            per_device_train_batch_size=max(1, math.ceil(settings["batchSize"] / world)),
            gradient_accumulation_steps=settings["accumulation"],
            max_grad_norm=settings["maxNorm"],
            gradient_checkpointing=settings["recompute"] is True,
            max_length=None,
            bf16=False,
            # Without it several workers on processors would not know of each other.
            use_cpu=not torch.accelerator.is_available(),
            logging_steps=1,
            logging_nan_inf_filter=False,
            save_strategy="no",
            save_total_limit=settings["keepCheckpoints"],
            report_to="none",
            disable_tqdm=True,
            ddp_find_unused_parameters=False,
        ),
        train_dataset=Dataset.from_list([*train, filler]),
        processing_class=tokenizer,
        optimizers=(optimizer, schedule),
        callbacks=[progress],
    )
    if trainer.args.world_size != world:
        sys.exit(f"{world} workers were started, and the trainer knows of {trainer.args.world_size}")
    trainer.order = [share_of(rows, rank, world, len(train)) for rows in batches]
    progress.trainer = trainer
    progress.lengths = [sum(len(train[row]["input_ids"]) for row in rows) for rows in batches]
    progress.validation = sorted(read_lines(data / "validation.jsonl"), key=lambda row: len(row["input_ids"]))
    return trainer


class OrderedTrainer(SFTTrainer):
    """TRL's trainer over batches whose rows are given, each worker with its share of them."""

    order = []
    loss_of_step = 0.0

    def get_train_dataloader(self):
        return DataLoader(self.train_dataset, batch_sampler=self.order, collate_fn=self.data_collator)

    def training_step(self, *args, **kwargs):
        loss = super().training_step(*args, **kwargs)
        self.loss_of_step += loss.detach()
        return loss


class Progress(TrainerCallback):
    """Tells each step, validates, and keeps what a run goes on from beside TRL's own checkpoints."""

    def __init__(self, name, expert, settings, folder, log, stop):
        self.name, self.expert, self.settings = name, expert, settings
        self.folder, self.log, self.stop = folder, log, stop
        self.trainer, self.validation, self.lengths = None, [], []
        self.step, self.tokens, self.best, self.waited = 0, 0, None, 0
        self.is_cancelled = False
        self.told, self.tokens_per_second = {"loss": None}, None
        self.window = deque(maxlen=21)

    def restore(self, checkpoint):
        position = json.loads((checkpoint / "position.json").read_text())
        self.step, self.tokens = position["step"], position["tokens"]
        self.best, self.waited = position["best"], position["waited"]
        if self.best and self.log.is_first:
            shutil.rmtree(self.folder / "best", ignore_errors=True)
            shutil.copytree(checkpoint / "best", self.folder / "best")

    def on_train_begin(self, args, state, control, **_):
        self.window.append((time.monotonic(), 0))

    def on_log(self, args, state, control, logs=None, **_):
        # Once a step, before anything is saved.
        if "loss" not in (logs or {}):
            return
        self.step = state.global_step
        loss = float(mean_over_workers(self.trainer.loss_of_step))
        self.trainer.loss_of_step = 0.0
        accumulation = self.settings["accumulation"]
        tokens = sum(self.lengths[(self.step - 1) * accumulation : self.step * accumulation])
        self.tokens += tokens
        self.window.append((time.monotonic(), tokens))
        seconds = max(1e-9, self.window[-1][0] - self.window[0][0])
        told = {"loss": number(loss), "learningRate": logs["learning_rate"], "gradientNorm": number(logs["grad_norm"])}
        self.told, self.tokens_per_second = told, sum(t for _, t in list(self.window)[1:]) / seconds
        self.log.append({
            "type": "step",
            "step": self.step,
            "steps": self.expert["steps"],
            "experts": {self.name: told},
            "tokensPerSecond": self.tokens_per_second,
            "secondsLeft": (self.expert["steps"] - self.step) * seconds / (len(self.window) - 1),
            "residentBytes": resident_bytes(),
        })
        if not math.isfinite(loss):
            self.end_broken(loss, control)
            return
        self.validate(control)
        every = self.settings["checkpointEvery"]
        if every and self.step % every == 0:
            control.should_save = True
        if any_worker(self.stop.is_wanted or (self.folder / "stop").exists()) and self.step < self.expert["steps"]:
            self.is_cancelled = not control.should_training_stop
            control.should_save = control.should_training_stop = True

    def end_broken(self, loss, control):
        sys.exit(f"the loss of '{self.name}' is {loss} at step {self.step}. Lower its learningRate; the last checkpoint is kept.")

    def validate(self, control):
        every = self.settings["validateEvery"]
        if not self.validation or not every or (self.step % every and self.step != self.expert["steps"]):
            return
        loss = self.validation_loss()
        is_best = self.best is None or loss < self.best["loss"]
        if is_best:
            self.best, self.waited = {"loss": loss, "step": self.step}, 0
            if self.log.is_first:
                write_adapter(self.trainer.model, self.folder / "best")
        else:
            self.waited += 1
        stopped = not is_best and 0 < self.settings["patience"] <= self.waited
        if stopped:
            control.should_training_stop = control.should_save = True
        told = {"type": "validation", "step": self.step, "expert": self.name, "loss": number(loss)}
        self.log.append({**told, "best": is_best, "stopped": stopped})

    def validation_loss(self):
        """Mean loss of a learned token, in nats."""
        trainer, size = self.trainer, self.settings["batchSize"]
        rank, world = trainer.args.process_index, trainer.args.world_size
        total = torch.zeros(2, dtype=torch.float64, device="cpu")
        for at in range(0, len(self.validation), size):
            rows = self.validation[at : at + size][rank::world]
            if not rows:
                continue
            loss, count = loss_of(trainer, rows)
            total += torch.tensor([loss * count, count], dtype=torch.float64)
        total = world * mean_over_workers(total)
        return float(total[0] / total[1])

    def on_save(self, args, state, control, **_):
        if self.log.is_first:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            if self.best:
                shutil.rmtree(folder / "best", ignore_errors=True)
                shutil.copytree(self.folder / "best", folder / "best")
            position = {"step": self.step, "tokens": self.tokens, "best": self.best, "waited": self.waited}
            # Last: a checkpoint without it is not whole.
            write_json(folder / "position.json", position)
        self.log.append({"type": "checkpoint", "step": state.global_step})


class PointProgress(Progress):
    """A point of a sweep keeps nothing, and one whose loss is no number any more has been measured."""

    is_broken = False

    def on_log(self, args, state, control, **rest):
        super().on_log(args, state, control, **rest)
        control.should_save = False

    def end_broken(self, loss, control):
        self.is_broken = control.should_training_stop = True


class EventLog:
    """The events of a run, a line of JSON each, which the first worker writes. Each says `place` besides."""

    def __init__(self, folder, is_first, tells, place={}):
        self.folder, self.is_first, self.tells, self.place = folder, is_first, tells, place

    def append(self, event):
        if not self.is_first:
            return
        line = json.dumps({**self.place, **event})
        with open(self.folder / "events.jsonl", "a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        if self.tells:
            print(f"{mark}{line}", flush=True)

    def print(self, text):
        if self.is_first:
            print(text, flush=True)

    def tell_adapter(self):
        """Prints the files of the adapter, in pieces, for who sees the log alone."""
        if not (self.is_first and self.tells):
            return
        for path in [*sorted((self.folder / "adapter").iterdir()), self.folder / "done.json"]:
            text = base64.b64encode(path.read_bytes()).decode()
            for at in range(0, max(1, len(text)), piece):
                told = {"file": path.name, "at": at, "size": len(text), "base64": text[at : at + piece]}
                print(f"{mark}{json.dumps(told)}", flush=True)


def open_model(base, options, start):
    """The base with the expert's first factors on it, and its tokenizer."""
    place = base.get("repository") or str(options.job / base["path"])
    named = {key: base[key] for key in ("revision", "gguf_file") if key in base}
    model = AutoModelForCausalLM.from_pretrained(place, dtype=getattr(torch, options.dtype), **named)
    model.config.use_cache = False
    if "gguf_file" in named:
        # What is loaded are plain numbers; trainers refuse what was quantised once.
        model.hf_quantizer, model.is_quantized = None, False
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
    tokenizer = AutoTokenizer.from_pretrained(place, **named)
    if tokenizer.pad_token_id is None:
        # Padding is not read: any token will do.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    return PeftModel.from_pretrained(model, str(start), is_trainable=True), tokenizer


def parameter_groups(model, settings):
    """A alone has the plain rate with LoRA+; biases do not decay."""
    groups = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        ratio = 1 if ".lora_A." in name else settings["loraPlusRatio"]
        decay = 0 if name.endswith(".bias") else settings["weightDecay"]
        groups.setdefault((ratio, decay), []).append(parameter)
    # The rate that is told is that of the first group.
    return [
        {"params": parameters, "lr": settings["learningRate"] * ratio, "weight_decay": decay}
        for (ratio, decay), parameters in sorted(groups.items(), key=lambda item: item[0][0] != 1)
    ]


def learning_rate(settings, step, steps):
    """The rate of a step, from 1: linear warm-up, then constant, linear or cosine."""
    peak, final, schedule = settings["learningRate"], settings["finalRate"], settings["schedule"]
    warm = math.floor(settings["warmup"] * steps + 0.5)
    if step <= warm:
        return peak * step / warm
    if schedule == "constant":
        return peak
    progress = (step - warm - 1) / (steps - warm - 1) if steps > warm + 1 else 1
    fall = 1 - progress if schedule == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
    return peak * (final + (1 - final) * fall)


def loss_of(trainer, rows):
    """Mean loss of the learned tokens of some rows, in nats, and how many they are."""
    trainer.model.eval()
    with torch.no_grad():
        inputs = trainer._prepare_inputs(trainer.data_collator(rows))
        count = int((inputs["labels"][:, 1:] != ignored).sum())
        loss = float(trainer.compute_loss(trainer.model, inputs))
    trainer.model.train()
    trainer._metrics["eval"].clear()
    return loss, count


def share_of(rows, rank, world, filler):
    return rows[rank::world] or [filler]


def is_first_worker():
    return int(os.environ.get("RANK", 0)) == 0


def mean_over_workers(value):
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return value
    total = value.clone()
    if torch.distributed.get_backend() == "nccl":
        total = total.cuda()
    torch.distributed.all_reduce(total)
    return total.cpu() / torch.distributed.get_world_size()


def any_worker(flag):
    return float(mean_over_workers(torch.tensor(float(flag)))) > 0


def write_adapter(model, folder, best=None):
    """Writes the model's adapter, or copies that of `best`, whole or not at all."""
    temporary = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    if best:
        shutil.copytree(best, temporary)
    else:
        model.save_pretrained(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def last_checkpoint(folder):
    """The last checkpoint that was written to its end; None without one."""
    found = [p.parent for p in (folder / "checkpoints").glob("checkpoint-*/position.json")]
    return max(found, key=lambda p: int(p.name.split("-")[1]), default=None)


def read_lines(path):
    """A row has more than is read here."""
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{key: row[key] for key in ("input_ids", "labels")} if isinstance(row, dict) else row for row in rows]


def write_json(path, value):
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(json.dumps(value))
    temporary.rename(path)


def number(value):
    """JSON has no numbers that are infinite, or none."""
    value = float(value)
    return value if math.isfinite(value) else None


def resident_bytes():
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        import resource
    except ImportError:
        return 0  # Windows has none.
    # Linux counts in kibibytes, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    sys.exit(0 if main() else 130)
