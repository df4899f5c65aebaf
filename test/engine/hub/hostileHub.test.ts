import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import type { ModelDownload } from '../../../src/engine/hub/downloadModel.ts';
import { partialPath } from '../../../src/engine/hub/fetchBlob.ts';
import { WorkbenchError } from '../../../src/protocol/errors.ts';
import { entryOf, type HostileHub, sendForEver, sendJson, startHostileHub } from '../../support/hostileHub.ts';
import { baseFiles, downloadBase, sha256 } from '../../support/hubServer.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const base = fileURLToPath(new URL('../../../media/base', import.meta.url));
const files = new Map(baseFiles.map(name => [name, readFileSync(join(base, name))]));
const weights = files.get('model.safetensors')!;
const weightsBlob = (cache: string) => join(cache, 'models--test--base', 'blobs', sha256(weights));

const get = (hub: { endpoint: string }, cacheFolder: string, options: Partial<ModelDownload> = {}) =>
  downloadBase(hub, cacheFolder, { retryWaits: [0, 0, 0], ...options });

/** The download ends with an error that says this, and what to do; its text holds nothing a terminal would obey. */
async function refuses(
  hub: { endpoint: string },
  message: RegExp,
  options: Partial<ModelDownload> = {},
  cache = temporaryFolder(),
): Promise<void> {
  await assert.rejects(get(hub, cache, options), error => {
    assert.ok(error instanceof WorkbenchError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? '', /\w/);
    assert.doesNotMatch(`${error.message}${error.hint}`, /\p{Cc}/u);
    assert.ok(error.message.length < 500, error.message);
    return true;
  });
}

/** What is sent instead of one of the hub's answers: the path and the range that were asked for come with it. */
type Send = (response: ServerResponse, path: string, range: string | undefined) => void;
const instead = (isMeant: (path: string) => boolean, send: Send) =>
  startHostileHub(files, (path, { headers }, response) => {
    if (!isMeant(path)) return false;
    send(response, path, headers.range);
    return true;
  });
const onInfo = (send: Send) => instead(path => path.includes('/revision/'), send);
const onTree = (send: Send) => instead(path => path.includes('/tree/'), send);
const onFile = (name: string, send: (response: ServerResponse, range: string | undefined) => void) =>
  instead(
    path => path.endsWith(`/${name}`),
    (response, _, range) => send(response, range),
  );
/** A text that begins as JSON and never ends. */
const endless = (begin: string, more: string) => (response: ServerResponse) => {
  response.write(begin);
  sendForEver(response, Buffer.from(more.repeat(100_000)));
};
const withEntry = (name: string, change: Record<string, unknown>) =>
  onTree(response =>
    sendJson(
      response,
      [...files].map(f => (f[0] === name ? { ...entryOf(f), lfs: undefined, ...change } : entryOf(f))),
    ),
  );

test('a description without end, and a small one that unpacks to one, is read to its limit', async () => {
  const tooMuch = /^127\.0\.0\.1:\d+ answers with more than 4 MB where it describes a model$/;
  const before = process.memoryUsage().rss;
  await refuses(await onInfo(endless('{"a":"', 'x')), tooMuch);
  await refuses(await onTree(endless('[', '{},')), tooMuch);
  const bomb = await onInfo(response => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    const gzip = createGzip();
    gzip.pipe(response);
    response.on('close', () => gzip.destroy());
    sendForEver(gzip, Buffer.alloc(1 << 20, 32));
  });
  await refuses(bomb, tooMuch);
  assert.ok(process.memoryUsage().rss - before < 300e6);
});

test('a description that does not come, or not to its end, is given up', async () => {
  const limits = { descriptionTime: 300 };
  const late = /has not answered within 0\.3 s/;
  await refuses(await onInfo(() => {}), late, { limits });
  const dripping = await onTree(response => {
    response.write('[');
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  });
  await refuses(dripping, late, { limits });
});

test('descriptions that are none: null, text, arrays, another form, escape sequences', async () => {
  const none = /describes no model/;
  for (const text of ['null', '5', '[]']) await refuses(await onInfo(r => sendJson(r, text)), none);
  for (const text of ['null', '{"a":1}']) await refuses(await onTree(r => sendJson(r, text)), none);
  await refuses(await onInfo(r => sendJson(r, '<html>\x1b]0;title\x07\x1b[31m')), /what is not JSON .*\\x1b\]0/);
  await refuses(await onInfo(r => sendJson(r, { sha: ['../../..'] })), /names no commit/);
  await refuses(
    await onInfo(r => r.writeHead(200, { 'x-long': 'x'.repeat(17_000) }).end('{}')),
    /headers that are too/,
  );
});

test('lists of files: pages in a circle, without end, of folders alone, at another place', async () => {
  const next = (path: string, cursor: number) => ({
    link: `<http://127.0.0.1:${new URL(hub.endpoint).port}${path.split('?')[0]}?cursor=${cursor}>; rel="next"`,
  });
  const cursorOf = (path: string) => Number(/cursor=(\d+)/.exec(path)?.[1] ?? 0);
  let hub: HostileHub = await onTree((r, path) => sendJson(r, [], next(path, 1)));
  await refuses(hub, /lists files in a circle/);
  assert.equal(hub.asked.length, 3);
  hub = await onTree((r, path) => sendJson(r, [], next(path, cursorOf(path) + 1)));
  await refuses(hub, /on more than 100 pages/);
  const folders = Array.from({ length: 1000 }, (_, i) => ({ type: 'directory', path: `d${i}`, size: 0 }));
  hub = await onTree((r, path) => sendJson(r, folders, next(path, cursorOf(path) + 1)));
  await refuses(hub, /more than 10000 files and folders/);
  hub = await onTree(r => sendJson(r, [], { link: '<http://u:p@127.0.0.1/x>; rel="next"' }));
  await refuses(hub, /with a user's name or password/);
});

test('entries that make no sense are refused by name where a base needs the file, and are nothing elsewhere', async () => {
  for (const size of [-5, 1e300, '9e9', null, 0.5])
    await refuses(await withEntry('tokenizer.json', { size }), /lists tokenizer\.json of 'test\/base' with the size /);
  for (const oid of ['../../../pwn', null, 7, 'a'.repeat(41)])
    await refuses(await withEntry('config.json', { oid }), /lists config\.json of 'test\/base' with the hash /);
  await refuses(
    await withEntry('model.safetensors', { lfs: { oid: `\x1b${'x'.repeat(9999)}` } }),
    /with the hash "\\u001bx+…/,
  );
  await refuses(await onTree(r => sendJson(r, [...files, ...files].map(entryOf))), /lists config\.json .* twice/);
  await refuses(await withEntry('config.json', { size: 5e6 }), /config\.json has 5000000 bytes; more than 4000000/);
  await refuses(await withEntry('tokenizer.json', { size: 2e8 }), /tokenizer\.json has 200000000 bytes/);
  await refuses(await withEntry('model.safetensors', { size: 8e15, oid: 'a'.repeat(64) }), /8000000001 MB of files/);

  const odd = ['../x.json', '/etc/evil.json', '..', 'a\0b.json', '..\\win.json', 'C:evil.json', '__proto__', 5, {}];
  const entries = [null, 5, {}, ...odd.map(path => ({ ...entryOf(['x', Buffer.from('x')]), path }))];
  const cache = temporaryFolder();
  const { folder } = await get(await onTree(r => sendJson(r, [...entries, ...[...files].map(entryOf)])), cache);
  assert.deepEqual(readdirSync(folder).sort(), baseFiles);
  assert.deepEqual(readdirSync(cache), ['models--test--base']);
});

test('weights of other names, and an index that names what it should not', async () => {
  const hostile = '\x1b]0;title\x07.bin';
  const without = [...files].filter(([name]) => name !== 'model.safetensors');
  await refuses(
    await onTree(r => sendJson(r, [...without, [hostile, weights] as [string, Buffer]].map(entryOf))),
    /has no model\.safetensors \(it has \\x1b\]0;title\\x07\.bin\)/,
  );
  const cases: [unknown, RegExp][] = [
    ['../../../../etc/passwd', /names '\.\.\/\.\.\/\.\.\/\.\.\/etc\/passwd', which/],
    ['\x1b]0;title\x07.safetensors', /names '\\x1b\]0;title\\x07\.safetensors'/],
    ['nul.safetensors', /names 'nul\.safetensors'/],
    [`${'x'.repeat(100_000)}.safetensors`, /names 'x{120}…'/],
    [{ toString: 1 }, /with what is not text/],
  ];
  for (const [name, message] of cases) {
    const index: [string, Buffer] = [
      'model.safetensors.index.json',
      Buffer.from(JSON.stringify({ weight_map: { a: name } })),
    ];
    const listed = [...without, index].map(entryOf);
    if (typeof name === 'string') listed.push({ ...entryOf([name, weights]), path: name });
    const hub = await startHostileHub(new Map([index, ...files]), (path, _, response) => {
      if (path.includes('/tree/')) sendJson(response, listed);
      return path.includes('/tree/');
    });
    await refuses(hub, message);
  }
});

test('redirects: other schemes, passwords, circles; the token goes to the hub alone', async () => {
  const to = (location: string) => onInfo(r => r.writeHead(302, { location }).end());
  await refuses(await to('file:///etc/passwd'), /redirects to a file: address; that is not followed/);
  await refuses(await to('data:application/json,{}'), /redirects to a data: address/);
  await refuses(await to('http://u:p@127.0.0.1/'), /with a user's name or password/);
  await refuses(await to('http://['), /which is no address/);
  const circle = await to('/api/models/test/base/revision/main');
  await refuses(circle, /redirects more than 5 times/);
  assert.equal(circle.asked.length, 6);

  const elsewhere = await startHostileHub(files, () => false);
  const hub = await startHostileHub(files, (path, _, response) => {
    response.writeHead(307, { location: `${elsewhere.endpoint}${path}` });
    response.end();
    return true;
  });
  await get(hub, temporaryFolder(), { token: 'hf_secret' });
  assert.ok(hub.asked.every(a => a.authorization === 'Bearer hf_secret'));
  assert.ok(elsewhere.asked.length > 0 && elsewhere.asked.every(a => a.authorization === undefined));
});

test('a public hub does not lead into a private network, and not to other addresses of this machine', async () => {
  // The names of the hub are the proxy's to know: it leads all of them to a server of this test.
  let location = '';
  const hub = await onInfo(r => r.writeHead(302, { location }).end());
  const proxy = createServer().on('connect', (_, socket) => {
    const onward = connect(Number(new URL(hub.endpoint).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).on('error', () => onward.destroy());
      socket.pipe(onward).on('error', () => socket.destroy());
    });
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  const options = { proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  const hosts = ['127.0.0.1:8080', 'localhost', '169.254.169.254', '[::1]', '[::ffff:10.0.0.1]', 'printer', '0x7f.1'];
  for (const host of hosts) {
    location = `http://${host}/latest/meta-data`;
    const asked = hub.asked.length;
    await refuses({ endpoint: 'http://hub.example' }, /redirects to .*, which is inside a private network/, options);
    assert.equal(hub.asked.length, asked + 1, host);
  }
  proxy.close();
});

test('a token that would be read on the way, or is none, is not sent; one that a hub repeats is not shown', async () => {
  const token = 'hf_secret';
  const hidden = async (hub: { endpoint: string }, message: RegExp, given: string) => {
    await assert.rejects(get(hub, temporaryFolder(), { token: given }), error => {
      assert.match((error as Error).message, message);
      assert.doesNotMatch(`${(error as Error).stack} ${(error as WorkbenchError).hint}`, /hf_secret/);
      return true;
    });
  };
  for (const endpoint of ['http://mirror.example', 'http://10.0.0.1', 'http://127.0.0.1.example'])
    await hidden({ endpoint }, /the token is not sent to http:\/\//, token);
  const hub = await onInfo(r => sendJson(r, 'hf_secret is yours'));
  await hidden(hub, /what is not JSON/, token);
  assert.equal(hub.asked.length, 1);
  await hidden(hub, /characters that no token has/, 'hf_secret\r\nx-header: 1');
  assert.equal(hub.asked.length, 1);
});

test('bytes of a file: more, fewer, without end, packed, another part for ever', async () => {
  const big = 'model.safetensors';
  const sends = /sends a model\.safetensors of .* bytes, not \d+ as announced/;
  await refuses(await onFile(big, r => sendForEver(r, Buffer.alloc(1 << 20))), sends);
  await refuses(await onFile(big, r => r.writeHead(200, { 'content-length': '99999999999999' }).write('x')), sends);
  await refuses(await onFile(big, r => r.end('version https://git-lfs.github.com/spec/v1')), sends);
  const bomb = await onFile(big, response => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    const gzip = createGzip();
    gzip.pipe(response);
    response.on('close', () => gzip.destroy());
    sendForEver(gzip, Buffer.alloc(1 << 20));
  });
  await refuses(bomb, sends);

  /** Sends a thousand bytes, and ends the connection once they are on disk. */
  const cut = (cache: string, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': weights.length });
    response.write(weights.subarray(0, 1000));
    const timer = setInterval(() => {
      if (!statSync(partialPath(weightsBlob(cache)), { throwIfNoEntry: false })?.size) return;
      clearInterval(timer);
      response.destroy();
    }, 5);
  };
  const cache = temporaryFolder();
  const otherPart = await onFile(big, (response, range) => {
    if (range === undefined) return cut(cache, response);
    response.writeHead(206, { 'content-range': 'bytes 0-9/100' });
    response.end('0123456789');
  });
  await refuses(otherPart, /does not send the part of model\.safetensors .*'bytes 0-9\/100'/, {}, cache);
  const ranges = otherPart.asked.filter(a => a.path.endsWith(big)).map(a => a.range);
  assert.deepEqual(ranges, [undefined, 'bytes=1000-', undefined, 'bytes=1000-']);
});

test('a connection that ends after every byte is given up after the stated tries; the next download goes on', async () => {
  const cache = temporaryFolder();
  let isHostile = true;
  const hub = await onFile('model.safetensors', (response, range) => {
    const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0);
    response.writeHead(206, { 'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}` });
    response.end(weights.subarray(from, isHostile ? from + 1 : undefined));
  });
  await refuses(hub, /ended model\.safetensors early \(4 of \d+ bytes came\)/, {}, cache);
  assert.equal(hub.asked.filter(a => a.path.endsWith('model.safetensors')).length, 4);
  isHostile = false;
  await get(hub, cache);
  assert.equal(hub.asked.at(-1)!.range, 'bytes=4-');
});

test('a connection that is too slow, and one that is silent, count as lost', async () => {
  const drip = (every: number) =>
    onFile('model.safetensors', response => {
      let sent = 0;
      const timer = setInterval(() => response.write(weights.subarray(sent, ++sent)), every);
      response.on('close', () => clearInterval(timer));
    });
  const slow = { limits: { slowTime: 200 }, retryWaits: [0] };
  await refuses(await drip(10), /ended model\.safetensors early \(\d+ bytes came in 0\.2 s\)/, slow);
  const silent = await onFile('model.safetensors', () => {});
  await refuses(silent, /has not answered within 0\.3 s/, { limits: { silence: 300 }, retryWaits: [0] });
  assert.equal(silent.asked.filter(a => a.path.endsWith('model.safetensors')).length, 2);
});

test('what earlier downloads left is continued or cleared; what others keep in the cache stays', async () => {
  const cache = temporaryFolder();
  const blobs = join(cache, 'models--test--base', 'blobs');
  mkdirSync(blobs, { recursive: true });
  const old = 'b'.repeat(64);
  const write = (...path: string[]) => writeFileSync(join(...path), 'left');
  write(blobs, `${old}.multi-lora.partial`);
  const killed = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  writeFileSync(join(blobs, `${'c'.repeat(40)}.multi-lora.partial.lock`), `${killed} ${hostname()}`);
  const kept = [`${old}.incomplete`, `${old}.a1b2c3.incomplete`, 'notes.txt', `${'d'.repeat(64)}.multi-lora.partial`];
  for (const name of kept) write(blobs, name);
  writeFileSync(partialPath(weightsBlob(cache)), weights.subarray(0, 5000));
  const held = join(blobs, `${'d'.repeat(64)}.multi-lora.partial.lock`);
  // Another host's: whether its process lives is not to be seen, and it was touched just now.
  writeFileSync(held, '1 another-host');

  const hub = await onFile('model.safetensors', (response, range) => {
    const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0);
    response.writeHead(206, { 'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}` });
    response.end(weights.subarray(from));
  });
  const { fetchedBytes, bytes } = await get(hub, cache);
  assert.equal(fetchedBytes, bytes - 5000);
  const names = readdirSync(blobs).filter(name => !/^[0-9a-f]+$/.test(name));
  assert.deepEqual(names.sort(), [...kept, `${'d'.repeat(64)}.multi-lora.partial.lock`].sort());
});

test('a partial file that is a link is not written through', async () => {
  const cache = temporaryFolder();
  const outside = join(temporaryFolder(), 'mine.txt');
  writeFileSync(outside, 'mine');
  mkdirSync(join(weightsBlob(cache), '..'), { recursive: true });
  symlinkSync(outside, partialPath(weightsBlob(cache)));
  await get(await startHostileHub(files, () => false), cache);
  assert.equal(readFileSync(outside, 'utf8'), 'mine');
  assert.ok(existsSync(weightsBlob(cache)));
});
