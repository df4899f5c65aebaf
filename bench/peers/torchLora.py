"""The training step of sides/trainer.ts, written plainly in PyTorch: a Llama's forward pass with LoRA on all linear
layers, cross entropy over the answers' tokens alone, backward for the factors alone, clipping and AdamW; in F32, or under
autocast to bfloat16, with the frozen weights in F32 or held in bfloat16. Requests and answers are lines of JSON."""

import json
import math
import os
import time

from lines import serve


def read_safetensors(path):
    import numpy

    types = {'F32': numpy.float32, 'F16': numpy.float16}
    with open(path, 'rb') as file:
        length = int.from_bytes(file.read(8), 'little')
        header = json.loads(file.read(length))
    data = numpy.memmap(path, dtype=numpy.uint8, mode='r', offset=8 + length)
    tensors = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        begin, end = entry['data_offsets']
        values = numpy.frombuffer(data[begin:end].tobytes(), dtype=types[entry['dtype']])
        tensors[name] = torch.from_numpy(values.astype(numpy.float32).reshape(entry['shape']))
    return tensors


class Trainer:
    def __init__(self, job):
        torch.set_num_threads(job['threads'])
        self.job = job
        with open(os.path.join(job['baseFolder'], 'config.json')) as file:
            c = json.load(file)
        self.layers = c['num_hidden_layers']
        self.heads = c['num_attention_heads']
        self.kv_heads = c.get('num_key_value_heads', self.heads)
        self.head_dim = c.get('head_dim') or c['hidden_size'] // self.heads
        self.epsilon = c['rms_norm_eps']
        self.theta = c.get('rope_theta', 10000.0)
        self.weights = read_safetensors(os.path.join(job['baseFolder'], 'model.safetensors'))
        self.autocast = job['arithmetic'] != 'F32'
        if job['arithmetic'] == 'bf16 held':
            # Autocast converts frozen weights in F32 anew at every step.
            self.weights = {n: t if 'norm' in n else t.bfloat16() for n, t in self.weights.items()}
        self.factors = {n: t.clone().requires_grad_() for n, t in read_safetensors(job['factors']).items()}
        self.parameters = list(self.factors.values())
        s = job['settings']
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=s['learningRate'],
            betas=(s['beta1'], s['beta2']),
            eps=s['epsilon'],
            weight_decay=s['weightDecay'],
        )
        self.batches = [torch.tensor(b) for b in job['batches']]
        length = self.batches[0].shape[1]
        half = self.head_dim // 2
        angles = torch.outer(torch.arange(length).float(), self.theta ** (-torch.arange(half).float() / half))
        self.cos = torch.cat([angles.cos(), angles.cos()], -1)
        self.sin = torch.cat([angles.sin(), angles.sin()], -1)
        self.mask = torch.full((length, length), float('-inf')).triu(1)
        self.step = 0

    def linear(self, x, path):
        y = functional.linear(x, self.weights[path + '.weight'])
        low = functional.linear(x, self.factors[path + '.lora_A.weight'])
        return y + functional.linear(low, self.factors[path + '.lora_B.weight']) * self.job['scaling']

    def norm(self, x, name):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weights[name + '.weight']

    def rotate(self, x):
        half = self.head_dim // 2
        turned = torch.cat([-x[..., half:], x[..., :half]], -1)
        return x * self.cos + turned * self.sin

    def hidden(self, ids):
        rows, length = ids.shape
        x = functional.embedding(ids, self.weights['model.embed_tokens.weight'])
        for layer in range(self.layers):
            block = f'model.layers.{layer}'
            h = self.norm(x, f'{block}.input_layernorm')
            split = lambda v, n: v.view(rows, length, n, self.head_dim).transpose(1, 2)
            q = self.rotate(split(self.linear(h, f'{block}.self_attn.q_proj'), self.heads))
            k = self.rotate(split(self.linear(h, f'{block}.self_attn.k_proj'), self.kv_heads))
            v = split(self.linear(h, f'{block}.self_attn.v_proj'), self.kv_heads)
            group = self.heads // self.kv_heads
            k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
            scores = q @ k.transpose(-1, -2) / math.sqrt(self.head_dim) + self.mask
            mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, length, -1)
            x = x + self.linear(mixed, f'{block}.self_attn.o_proj')
            h = self.norm(x, f'{block}.post_attention_layernorm')
            gated = functional.silu(self.linear(h, f'{block}.mlp.gate_proj')) * self.linear(h, f'{block}.mlp.up_proj')
            x = x + self.linear(gated, f'{block}.mlp.down_proj')
        return self.norm(x, 'model.norm')

    def loss(self, ids):
        # The state at position t − 1 predicts token t; only answers carry loss, so only they are projected.
        answer = self.job['answer']
        states = self.hidden(ids)[:, -answer - 1 : -1]
        output = self.weights.get('lm_head.weight', self.weights['model.embed_tokens.weight'])
        logits = functional.linear(states, output)
        return functional.cross_entropy(logits.flatten(0, 1), ids[:, -answer:].flatten())

    def steps(self, count):
        losses, times = [], []
        for _ in range(count):
            started = time.perf_counter()
            self.optimizer.zero_grad(set_to_none=True)
            with torch.autocast('cpu', dtype=torch.bfloat16, enabled=self.autocast):
                loss = self.loss(self.batches[self.step % len(self.batches)])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, self.job['settings']['maxNorm'])
            self.optimizer.step()
            losses.append(loss.item())
            times.append((time.perf_counter() - started) * 1000)
            self.step += 1
        return {'losses': losses, 'times': times}


def blas_library():
    """What torch takes its products from: MKL is linked in, OpenBLAS is the file that this process has mapped."""
    if 'BLAS_INFO=mkl' in torch.__config__.show():
        return 'MKL'
    with open('/proc/self/maps') as maps:
        files = {line.split()[-1] for line in maps if 'blas' in line}
    return ', '.join(sorted(os.path.basename(os.path.dirname(f)) + '/' + os.path.basename(f) for f in files if 'openblas' in f))


def answer(name, params):
    global torch, functional, trainer
    if name == 'open':
        # Here, so that a missing package is an answer.
        import torch
        from torch.nn import functional

        trainer = Trainer(params)
        return {'torch': torch.__version__, 'blas': blas_library(), 'threads': torch.get_num_threads()}
    return trainer.steps(params['count'])


serve(answer)
