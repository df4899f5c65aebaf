"""llama.cpp as xllamacpp builds it, by its own clock: prefill of a prompt and greedy decode after it. Requests and
answers are lines of JSON."""

import json

from lines import serve


def open_server(job):
    params = xllamacpp.CommonParams()
    params.model.path = job['gguf']
    params.n_ctx = 2 * job['room']
    params.n_batch = 512
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = job['threads']
    return xllamacpp.Server(params)


def answer(name, params):
    global server, xllamacpp
    if name == 'open':
        # Here, so that a missing package is an answer.
        import xllamacpp

        server = open_server(params)
        return {'version': getattr(xllamacpp, '__version__', '')}
    request = {
        'prompt': params['prompts'][0],
        'n_predict': params['count'],
        'temperature': 0,
        'ignore_eos': True,
        'cache_prompt': False,
    }
    told = server.handle_completions(request)
    timings = (json.loads(told) if isinstance(told, (str, bytes)) else told)['timings']
    if (timings['prompt_n'], timings['predicted_n']) != (len(request['prompt']), request['n_predict']):
        raise ValueError(f'{timings} for {len(request["prompt"])} and {request["n_predict"]} tokens')
    return {'prefillMs': timings['prompt_ms'], 'decodeMs': timings['predicted_ms'], 'choices': []}


serve(answer)
