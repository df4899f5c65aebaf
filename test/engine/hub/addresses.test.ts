import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, isPrivate } from '../../../src/engine/hub/addresses.ts';

/** As a URL has it. */
const hostOf = (url: string) => new URL(url).hostname;

test('this machine, in every way of writing it', () => {
  for (const url of [
    'http://127.0.0.1',
    'http://127.9.8.7',
    'http://0x7f.1',
    'http://2130706433',
    'http://[::1]',
    'http://LOCALHOST',
  ])
    assert.ok(isLoopback(hostOf(url)), url);
  for (const url of ['http://127.0.0.1.example', 'http://10.0.0.1', 'http://0.0.0.0', 'http://localhost.example'])
    assert.ok(!isLoopback(hostOf(url)), url);
});

test('private networks, also as IPv4 within IPv6 and by names that no public network has', () => {
  const inside = ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'];
  for (const host of inside) {
    assert.ok(isPrivate(host), host);
    assert.ok(isPrivate(hostOf(`http://[::ffff:${host}]`)), `mapped ${host}`);
  }
  for (const host of ['[::1]', '::1', '[fd00::1]', '[fe80::1]', 'localhost', 'printer', 'nas.local', 'api.internal'])
    assert.ok(isPrivate(host), host);
  for (const host of ['huggingface.co', '8.8.8.8', '172.32.0.1', '192.169.0.1', '[2606:4700::1]', 'local.example'])
    assert.ok(!isPrivate(host), host);
});
