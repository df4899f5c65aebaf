import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { engineOf, finished, isRunning, runCli, startCli } from '../../support/programs.ts';
import { loudAdapter } from '../../support/servedExperiment.ts';

test('serve --json: its address is the first line; SIGTERM and Ctrl-C end it with its engine and exit code 0, even while it answers', async () => {
  const args = ['serve', '--model', 'embedded', '--adapter', `loud=${loudAdapter(1)}`, '--port', '0', '--json'];
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = startCli(args);
    const end = finished(child);
    const [line] = (await once(child.stdout, 'data')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    assert.equal(line, `${JSON.stringify({ url })}\n`);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
    const engine = engineOf(child.pid!);
    const body = { model: 'loud', prompt: 'a', stream: true, max_tokens: -1, temperature: 2, n: 4 };
    const answer = await fetch(`${url}/completions`, { method: 'POST', body: JSON.stringify(body) });
    const reader = answer.body!.getReader();
    await reader.read();
    child.kill(signal);
    let rest = '';
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      rest += Buffer.from(piece.value).toString();
    assert.match(rest, /(^|\n\n)data: \{"error":\{"message":"The server is ending","type":"server_error",.*\}\n\n$/);
    const { code, stdout, stderr } = await end;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, line);
    assert.match(stderr, /^stopping/m);
    if (engine !== undefined) assert.ok(!isRunning(engine));
  }
});

test('serve: what it cannot serve is said', async () => {
  const says = async (args: string[], code: number, message: RegExp) => {
    const result = await runCli(['serve', ...args]);
    assert.deepEqual([result.code, result.stdout], [code, ''], result.stderr);
    assert.match(result.stderr, message);
  };
  await says(['x.lora.json', '--model', 'embedded'], 2, /leave --model out/);
  await says(['--port', '99999'], 2, /--port is a whole number/);
});
