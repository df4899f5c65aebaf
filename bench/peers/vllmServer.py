"""vLLM's server on the CPU: MODEL THREADS SLOTS NAME=ADAPTER …; prints its address, and serves until its input ends.

In bfloat16, its own format on CPUs with AVX-512. It would leave a core to its front end by itself, which of two is half.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

model, threads, slots, *adapters = sys.argv[1:]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
env = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
env |= {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": f"0-{int(threads) - 1}",
    "OMP_NUM_THREADS": threads,
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}
# As its documentation says, where Intel's runtime is beside it.
openmp = Path(sys.prefix) / "lib" / "libiomp5.so"
if openmp.exists():
    env["LD_PRELOAD"] = str(openmp)
command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", model, "--dtype", "bfloat16"]
command += ["--host", "127.0.0.1", "--port", str(port), "--max-model-len", "512", "--max-num-seqs", slots]
command += ["--enable-lora", "--max-lora-rank", "16", "--max-loras", str(len(adapters)), "--lora-modules", *adapters]
# Its compiler needs minutes, and Triton, which has no CPU in its wheels.
command += ["--enforce-eager"]
server = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr)
try:
    url = f"http://127.0.0.1:{port}"
    while True:
        if server.poll() is not None:
            sys.exit(f"vLLM ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2)
            break
        except OSError:
            time.sleep(1)
    print(url, flush=True)
    sys.stdin.read()
finally:
    server.terminate()
    server.wait()
