import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ModelDownload } from '../../../src/engine/hub/downloadModel.ts';
import { partialPath } from '../../../src/engine/hub/fetchBlob.ts';
import { loadBase } from '../../../src/experiment/base.ts';
import type { DownloadProgress } from '../../../src/protocol/engine/models.ts';
import { type ErrorCode, WorkbenchError } from '../../../src/protocol/errors.ts';
import { baseFiles, commit, downloadBase, gitHash, type HubServer, sha256, startHub } from '../../support/hubServer.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const base = fileURLToPath(new URL('../../../media/base', import.meta.url));
const weights = readFileSync(join(base, 'model.safetensors'));

const fails =
  (code: ErrorCode, message: RegExp, hint = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof WorkbenchError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    return true;
  };

const blob = (cache: string, hash: string) => join(cache, 'models--test--base', 'blobs', hash);
const weightsBlob = (cache: string) => blob(cache, sha256(weights));
/** Bytes of the weights that an unfinished download has brought. */
const arrived = (cache: string) => statSync(partialPath(weightsBlob(cache)), { throwIfNoEntry: false })?.size ?? 0;
const snapshot = (cache: string) => join(cache, 'models--test--base', 'snapshots', commit);

test('a whole model: the layout of the Hugging Face cache, the bytes of the hub, and nothing a base does not need', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const events: DownloadProgress[] = [];
  const result = await downloadBase(hub, cache, { onProgress: p => events.push(p) });
  const sizes = baseFiles.map(name => statSync(join(base, name)).size);
  const bytes = sizes.reduce((a, b) => a + b, 0);
  assert.deepEqual(result, { commit, folder: snapshot(cache), bytes, fetchedBytes: bytes });
  assert.deepEqual(readdirSync(snapshot(cache)).sort(), baseFiles);
  for (const name of baseFiles) {
    const content = readFileSync(join(base, name));
    assert.ok(readFileSync(join(snapshot(cache), name)).equals(content), name);
    const hash = name === 'model.safetensors' ? sha256(content) : gitHash(content);
    assert.equal(readlinkSync(join(snapshot(cache), name)), join('..', '..', 'blobs', hash));
  }
  assert.equal(readFileSync(join(cache, 'models--test--base', 'refs', 'main'), 'utf8'), commit);
  assert.equal(readdirSync(join(cache, 'models--test--base', 'blobs')).length, baseFiles.length);
  assert.equal((await loadBase(result.folder)).config.architecture, 'llama');

  const last = events.at(-1)!;
  assert.equal(last.done, last.total);
  assert.equal(last.total, bytes - statSync(join(base, 'config.json')).size);
  assert.ok(events.every((e, i) => i === 0 || e.done >= events[i - 1]!.done));

  hub.large.length = 0;
  assert.equal((await downloadBase(hub, cache)).fetchedBytes, 0);
  assert.deepEqual(hub.large, []);
});

test('a cut connection: within a download the rest alone is fetched', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  hub.cut = { after: 3_000_000, times: 1, seen: () => arrived(cache) > 0 };
  await downloadBase(hub, cache);
  assert.equal(hub.large.length, 2);
  const [, second] = hub.large;
  assert.ok(second!.from > 0 && second!.from <= 3_000_000, `from ${second!.from}`);
  assert.ok(readFileSync(weightsBlob(cache)).equals(weights));
});

test('a connection that keeps being cut: the error says so, nothing looks complete, and the next download goes on', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  hub.cut = { after: 2_000_000, times: 1, seen: () => arrived(cache) > 0 };
  await assert.rejects(
    downloadBase(hub, cache, { retryWaits: [] }),
    fails('network', /connection was lost/, /run it again/),
  );
  assert.ok(!existsSync(weightsBlob(cache)) && !existsSync(snapshot(cache)));
  const first = arrived(cache);
  assert.ok(first > 0 && first <= 2_000_000);

  const events: DownloadProgress[] = [];
  const { fetchedBytes } = await downloadBase(hub, cache, { onProgress: p => events.push(p) });
  assert.equal(hub.large.at(-1)!.from, first);
  assert.equal(fetchedBytes, weights.length - first);
  assert.ok(events.find(e => e.file === 'model.safetensors')!.done >= first, 'what was there counts as done');
  assert.ok(readFileSync(weightsBlob(cache)).equals(weights));
});

test('a wrong hash is refused and thrown away; a damaged rest of an earlier try is fetched anew', async () => {
  const hub = await startHub(base);
  hub.alter = body => {
    const altered = Buffer.from(body);
    altered[body.length >> 1]! ^= 1;
    return altered;
  };
  const cache = temporaryFolder();
  await assert.rejects(
    downloadBase(hub, cache),
    fails('network', /whose hash is [0-9a-f]{64}, not [0-9a-f]{64}/, /another endpoint/),
  );
  assert.ok(!existsSync(weightsBlob(cache)) && !existsSync(partialPath(weightsBlob(cache))));
  assert.ok(!existsSync(snapshot(cache)));

  hub.alter = undefined;
  writeFileSync(partialPath(weightsBlob(cache)), Buffer.alloc(1000, 1));
  const { fetchedBytes } = await downloadBase(hub, cache);
  assert.deepEqual(
    hub.large.slice(1).map(r => r.from),
    [1000, 0],
  );
  assert.equal(fetchedBytes, 2 * weights.length - 1000);
  assert.ok(readFileSync(weightsBlob(cache)).equals(weights));
});

test('servers that know no ranges, and a rest longer than the file, end in the right bytes', async () => {
  const hub = await startHub(base);
  hub.ignoresRanges = true;
  const cache = temporaryFolder();
  mkdirSync(join(cache, 'models--test--base', 'blobs'), { recursive: true });
  writeFileSync(partialPath(weightsBlob(cache)), weights.subarray(0, 5000));
  await downloadBase(hub, cache);
  assert.ok(readFileSync(weightsBlob(cache)).equals(weights));

  const other = temporaryFolder();
  mkdirSync(join(other, 'models--test--base', 'blobs'), { recursive: true });
  writeFileSync(partialPath(weightsBlob(other)), Buffer.concat([weights, weights]));
  await downloadBase(hub, other);
  assert.ok(readFileSync(weightsBlob(other)).equals(weights));

  hub.alter = body => Buffer.concat([body, Buffer.from('more')]);
  await assert.rejects(
    downloadBase(hub, temporaryFolder()),
    fails('network', /sends a model.safetensors of \d+ bytes, not \d+ as announced/),
  );
});

test('refusals in words: 401, 403, 404, gated, a revision that is not there, too many requests, a broken server', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const token = 'hf_secret';
  const cases: [HubServer['refuse'], Partial<ModelDownload>, ErrorCode, RegExp, RegExp][] = [
    [{ status: 401 }, {}, 'notFound', /127\.0\.0\.1:\d+ has no model 'test\/base'$/, /needs a token/],
    [{ status: 401 }, { token }, 'denied', /does not accept the token/, /settings\/tokens/],
    [{ status: 403 }, { token }, 'denied', /does not let this token read/, /read access/],
    [{ status: 404, errorCode: 'RepoNotFound' }, { token }, 'notFound', /that this token may read/, /name/],
    [
      { status: 401, errorCode: 'GatedRepo' },
      {},
      'denied',
      /gated: its licence/,
      /Accept it at .*test\/base, then give/,
    ],
    [{ status: 403, errorCode: 'GatedRepo' }, { token }, 'denied', /gated/, /a token of that account\.$/],
    [{ status: 429 }, {}, 'network', /too many requests/, /Wait/],
    [{ status: 503 }, {}, 'network', /answered with status 503/, /later/],
    [undefined, { revision: 'v9' }, 'notFound', /has no revision 'v9'/, /newest/],
    [undefined, { repo: 'test/other' }, 'notFound', /has no/, /./],
  ];
  for (const [refuse, options, code, message, hint] of cases) {
    hub.refuse = refuse;
    await assert.rejects(downloadBase(hub, cache, options), error => {
      assert.doesNotMatch(JSON.stringify([(error as Error).message, (error as WorkbenchError).hint]), /hf_secret/);
      return fails(code, message, hint)(error);
    });
  }
  assert.deepEqual(readdirSync(cache), []);
});

/** An address at which nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test('no network: the host, the reason and what can be done', async () => {
  const gone = { endpoint: await closedPort() } as HubServer;
  await assert.rejects(
    downloadBase(gone, temporaryFolder()),
    fails(
      'network',
      /127\.0\.0\.1:\d+ could not be reached.*ECONNREFUSED/,
      /HTTPS_PROXY.*HF_ENDPOINT.*folder of a model/,
    ),
  );
});

test('a token goes to the hub and to nobody it redirects to; any form of it is taken', async () => {
  const hub = await startHub(base);
  hub.token = 'mirror-token';
  await downloadBase(hub, temporaryFolder(), { token: 'mirror-token' });
  assert.deepEqual(
    hub.large.map(r => r.authorization),
    [undefined],
  );
});

test('a proxy is used for everything, and one that is not there or makes no sense is said', async () => {
  const hub = await startHub(base);
  const reached = new Set<string>();
  const proxy = createServer().on('connect', (request, socket) => {
    reached.add(request.url!);
    const [host, port] = request.url!.split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).on('error', () => onward.destroy());
      socket.pipe(onward).on('error', () => socket.destroy());
    });
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  await downloadBase(hub, temporaryFolder(), { proxy: `http://127.0.0.1:${port}` });
  proxy.close();
  assert.equal(reached.size, 2, 'the hub, and the server it redirects to');

  hub.paths.length = 0;
  await assert.rejects(
    downloadBase(hub, temporaryFolder(), { proxy: await closedPort() }),
    fails('network', /ECONNREFUSED/, /HTTPS_PROXY/),
  );
  assert.deepEqual(hub.paths, []);
  await assert.rejects(
    downloadBase(hub, temporaryFolder(), { proxy: 'nonsense' }),
    fails('badRequest', /proxy's address/, /http:\/\/proxy/),
  );
});

test('cancelling ends with the reason, keeps what has arrived, and the next download goes on', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const abort = new AbortController();
  // The server sends no more, and holds the connection.
  const seen = () => {
    if (arrived(cache) > 0) abort.abort();
    return abort.signal.aborted;
  };
  hub.cut = { after: 4_000_000, times: 1, seen };
  await assert.rejects(downloadBase(hub, cache, { signal: abort.signal }), { name: 'AbortError' });
  assert.ok(!existsSync(snapshot(cache)));
  assert.deepEqual(
    readdirSync(join(cache, 'models--test--base', 'blobs')).filter(f => f.endsWith('.lock')),
    [],
  );
  const kept = arrived(cache);
  assert.ok(kept > 0);
  await downloadBase(hub, cache);
  assert.equal(hub.large.at(-1)!.from, kept);
});

test('two downloads at once: the file comes once and is whole', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const [a, b] = await Promise.all([downloadBase(hub, cache), downloadBase(hub, cache)]);
  assert.equal(a.fetchedBytes + b.fetchedBytes, a.bytes);
  assert.equal(hub.large.length, 1);
  assert.ok(readFileSync(weightsBlob(cache)).equals(weights));
});

test('the lock of a process that was killed is taken over', async () => {
  const hub = await startHub(base);
  const cache = temporaryFolder();
  const killed = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  mkdirSync(join(cache, 'models--test--base', 'blobs'), { recursive: true });
  writeFileSync(`${partialPath(weightsBlob(cache))}.lock`, `${killed} ${hostname()}`);
  await downloadBase(hub, cache);
  assert.ok(readFileSync(weightsBlob(cache)).equals(weights));
});

test('sharded weights: those the index names are fetched, others are not', async () => {
  const hub = await startHub(base);
  hub.files.set('model-00001-of-00001.safetensors', hub.files.get('model.safetensors')!);
  hub.files.set('consolidated.safetensors', Buffer.from('another copy'));
  hub.files.delete('model.safetensors');
  const index = { weight_map: { a: 'model-00001-of-00001.safetensors' } };
  hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify(index)));
  const { folder } = await downloadBase(hub, temporaryFolder());
  assert.deepEqual(
    readdirSync(folder).filter(f => f.includes('safetensors')),
    ['model-00001-of-00001.safetensors', 'model.safetensors.index.json'],
  );
  hub.files.set('model.safetensors.index.json', Buffer.from('{"weight_map":{"a":"../../x.safetensors"}}'));
  await assert.rejects(
    downloadBase(hub, temporaryFolder()),
    fails('badFile', /names '\.\.\/\.\.\/x\.safetensors'/, /^/),
  );
});

test('what could not be run is refused before any weight is fetched', async () => {
  const hub = await startHub(base);
  const config = JSON.parse(hub.files.get('config.json')!.toString());
  const withConfig = (change: object) =>
    hub.files.set('config.json', Buffer.from(JSON.stringify({ ...config, ...change })));
  withConfig({ architectures: ['GPT2LMHeadModel'] });
  await assert.rejects(
    downloadBase(hub, temporaryFolder()),
    fails('unsupported', /'test\/base'.*GPT2LMHeadModel/, /LlamaForCausalLM/),
  );
  for (const [key, said, by] of [
    ['quantization_config', { quant_method: 'gptq', bits: 4 }, 'gptq, in 4 bits'],
    ['quantization_config', { load_in_4bit: true }, 'some method, in 4 bits'],
    ['quantization', { group_size: 64, bits: 4 }, 'MLX, in 4 bits'],
    ['compression_config', { quant_method: 'compressed-tensors' }, 'compressed-tensors'],
  ] as const) {
    withConfig({ [key]: said });
    const message = new RegExp(`^'test/base': config\\.json: the base's weights are quantised by ${by};`);
    await assert.rejects(downloadBase(hub, temporaryFolder()), fails('unsupported', message, /BF16/));
  }
  withConfig({});
  hub.files.set('pytorch_model.bin', hub.files.get('model.safetensors')!);
  hub.files.delete('model.safetensors');
  await assert.rejects(
    downloadBase(hub, temporaryFolder()),
    fails('unsupported', /no model\.safetensors \(it has pytorch_model\.bin\)/),
  );
  hub.files.set('adapter_config.json', Buffer.from('{}'));
  await assert.rejects(downloadBase(hub, temporaryFolder()), fails('unsupported', /is an adapter/, /"adapter"/));
  assert.deepEqual(hub.large, []);
});

test('no room on the disk is said before the download, and where it fills up meanwhile what has arrived is kept', async t => {
  const mounted = join(temporaryFolder(), 'small');
  mkdirSync(mounted);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mounted], { stdio: 'ignore' });
  } catch {
    return t.skip('needs the right to mount a small file system');
  }
  try {
    await checkFullDisk(mounted);
  } finally {
    execFileSync('umount', [mounted]);
  }
});

async function checkFullDisk(mounted: string): Promise<void> {
  const hub = await startHub(base);
  await assert.rejects(
    downloadBase(hub, mounted),
    fails('storage', /has \d+ MB free; the download needs \d+ MB/, /HF_HUB_CACHE/),
  );
  assert.deepEqual(hub.large, []);

  execFileSync('mount', ['-o', 'remount,size=60m', mounted]);
  const filler = join(mounted, 'filler');
  hub.beforeLarge = () => {
    const { bavail, bsize } = statfsSync(mounted);
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 5_000_000));
  };
  await assert.rejects(downloadBase(hub, mounted), fails('storage', /the disk is full/, /Free some space/));
  assert.ok(!existsSync(snapshot(mounted)));
  hub.beforeLarge = undefined;
  rmSync(filler);
  const kept = arrived(mounted);
  assert.ok(kept > 4_000_000, `${kept} kept`);
  assert.equal((await downloadBase(hub, mounted)).fetchedBytes, weights.length - kept);
  assert.ok(lstatSync(join(snapshot(mounted), 'model.safetensors')).isSymbolicLink());
}
