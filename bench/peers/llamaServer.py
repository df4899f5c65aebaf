"""llama.cpp's server: MODEL THREADS SLOTS ADAPTER…; prints its address, and serves until its input ends."""

import sys

import xllamacpp

model, threads, slots, *adapters = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
params = xllamacpp.CommonParams()
params.model.path = model
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads
params.n_parallel = slots
params.n_ctx = 512 * slots
params.n_gpu_layers = 0
loras = []
for path in adapters:
    lora = xllamacpp.CommonAdapterLoraInfo()
    lora.path = path
    lora.scale = 1.0
    loras.append(lora)
params.lora_adapters = loras
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
