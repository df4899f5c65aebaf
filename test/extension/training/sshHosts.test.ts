import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sshHosts } from '../../../src/extension/training/sshHosts.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('the hosts of ssh’s configuration and of what it includes, without patterns; none where there is none', async () => {
  const home = temporaryFolder();
  assert.deepEqual(await sshHosts(home), []);
  mkdirSync(join(home, '.ssh', 'more.d'), { recursive: true });
  const write = (name: string, ...lines: string[]) => writeFileSync(join(home, '.ssh', name), lines.join('\r\n'));
  write('config', 'Include more.d/*.conf', '# Host no', 'Host gpu-box "second"', '\tHostName 10.0.0.7', 'host=third');
  write('more.d/a.conf', 'Host *.example.org !bad ?x', 'Host first gpu-box', 'Include ~/.ssh/config');
  write('more.d/b.txt', 'Host left-out');
  assert.deepEqual(await sshHosts(home), ['first', 'gpu-box', 'second', 'third']);
});
