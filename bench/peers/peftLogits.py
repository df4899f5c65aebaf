"""The logits after a prompt under an adapter, by transformers and PEFT: JOB ADAPTER IDS, ids and logits as JSON."""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

job, adapter, ids = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
base = json.loads((job / 'job.json').read_text())['base']
named = {key: base[key] for key in ('gguf_file',) if key in base}
model = AutoModelForCausalLM.from_pretrained(str(job / base['path']), dtype=torch.float32, **named)
model = PeftModel.from_pretrained(model, adapter).eval()
with torch.no_grad():
    print(json.dumps(model(input_ids=torch.tensor([ids])).logits[0, -1].tolist()))
