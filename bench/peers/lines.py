"""How a program of bench/ that is written in Python is asked: requests and answers are lines of JSON."""

import json
import sys


def serve(answer):
    """Calls `answer(name, params)` for each request; what it raises, a missing package too, is its answer."""
    for line in sys.stdin:
        try:
            request = json.loads(line)
            print(json.dumps({'result': answer(request['name'], request['params'])}), flush=True)
        except Exception as error:
            print(json.dumps({'error': f'{type(error).__name__}: {error}'}), flush=True)
