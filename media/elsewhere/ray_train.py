# /// script
# requires-python = ">=3.10"
# dependencies = ["ray[default,train]>=2.50"]
# ///
"""Trains the experts of a Multi-LoRA recipe on a Ray cluster, each with N workers among which the rows of a batch are parted.

  ray job submit --address ADDRESS --working-dir . -- python ray_train.py [--workers N] [--expert NAME …]

Experts, and the points of a sweep, go out at once: those for which there is no room wait in Ray's queue. A worker that dies is replaced, and goes on from
the last checkpoint, so that --out has to be a folder that all machines see where there are several.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer

here = Path(__file__).resolve().parent


def main():
    job = json.loads((here / "job.json").read_text())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="of each expert")
    parser.add_argument("--expert", action="append", help="train this expert alone; may be given several times")
    parser.add_argument("--out", default=f"~/multi-lora/{job['name']}", help="folder of the results")
    parser.add_argument("--retries", type=int, default=3, help="how often workers that die are replaced")
    parser.add_argument("--stop", action="store_true", help="end a training that goes on, with a checkpoint")
    options = parser.parse_args()
    out = Path(options.out).expanduser()
    names = options.expert or list(job["experts"])
    for name in names:
        (out / name).mkdir(parents=True, exist_ok=True)
        if options.stop:
            (out / name / "stop").touch()
        else:
            (out / name / "stop").unlink(missing_ok=True)
    if options.stop:
        return
    # A job that was submitted has its folder on every machine already.
    environment = None if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ else {"working_dir": str(here)}
    ray.init(runtime_env=environment)
    has_gpu = ray.cluster_resources().get("GPU", 0) > 0
    fit = ray.remote(num_cpus=0, max_retries=0)(train_expert)
    sweep = ray.remote(num_cpus=1, num_gpus=int(has_gpu), max_retries=options.retries)(train_point)
    waiting = {}
    for name in names:
        # What a folder holds from an earlier job was not begun by this one.
        before = events_of(out / name)
        points = job["experts"][name].get("points")
        if points is None:
            waiting[fit.remote(name, str(out), options.workers, options.retries, has_gpu)] = (name, None, before)
        for number in range(len(points or [])):
            waiting[sweep.remote(name, str(out), number)] = (name, number, events_of(out / name / f"point-{number}"))
    failed = []
    while waiting:
        done, _ = ray.wait(list(waiting), timeout=1)
        for task in done:
            name, number, _ = waiting.pop(task)
            try:
                ray.get(task)
            except ray.exceptions.TaskCancelledError:
                pass
            except Exception as error:
                failed.append(name)
                print(f"{name}: {error}", file=sys.stderr)
                if number is not None:
                    point = job["experts"][name]["points"][number]
                    tell({"type": "failed", "learningRate": point["learningRate"], "rank": point["rank"], "message": str(error)})
        for task, (name, number, before) in list(waiting.items()):
            place = out / name if number is None else out / name / f"point-{number}"
            # What goes on looks for the file itself, and ends with a checkpoint.
            if (out / name / "stop").exists() and events_of(place) == before:
                ray.cancel(task, force=True)
                tell({"type": "cancelled", "step": 0})
                waiting.pop(task)
    # What workers have printed last is still on its way here.
    time.sleep(2)
    if failed:
        sys.exit(f"not trained: {', '.join(dict.fromkeys(failed))}. What they had is in {out}; submit the job again to go on.")


def events_of(folder):
    """Bytes of the events there."""
    path = folder / "events.jsonl"
    return path.stat().st_size if path.exists() else 0


def tell(event):
    print(f"multi-lora {json.dumps(event)}", flush=True)


def train_expert(name, out, workers, retries, has_gpu):
    TorchTrainer(
        work,
        train_loop_config={"expert": name, "out": out},
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=has_gpu),
        run_config=RunConfig(
            name=f"ray-{name}", storage_path=out, failure_config=FailureConfig(max_failures=retries)
        ),
    ).fit()


def work(config):
    """What each worker does: the script beside this file, which finds in its surroundings which of the workers it is."""
    import train

    train.main(["--expert", config["expert"], "--out", config["out"], "--resume", "--tell"])


def train_point(name, out, number):
    """Trains one point of a sweep, where Ray has room for it."""
    import train

    train.main(["--expert", name, "--out", out, "--point", str(number), "--tell"])


if __name__ == "__main__":
    main()
