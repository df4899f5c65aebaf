"""llama.cpp's server with one adapter: MODEL ADAPTER THREADS SLOTS; prints its address, and serves until its input ends."""

import sys

import xllamacpp

model, adapter, threads, slots = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
params = xllamacpp.CommonParams()
params.model.path = model
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads
params.n_parallel = slots
params.n_ctx = 512 * slots
params.n_gpu_layers = 0
lora = xllamacpp.CommonAdapterLoraInfo()
lora.path = adapter
lora.scale = 1.0
params.lora_adapters = [lora]
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
