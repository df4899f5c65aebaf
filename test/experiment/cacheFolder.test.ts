import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultCacheFolder } from '../../src/experiment/cacheFolder.ts';

test('the cache lies where the system keeps such things, or where the user says', () => {
  const name = 'multi-lora-workbench';
  assert.equal(defaultCacheFolder({}, 'linux'), join(homedir(), '.cache', name));
  assert.equal(defaultCacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux'), join('/x', name));
  assert.equal(defaultCacheFolder({}, 'darwin'), join(homedir(), 'Library', 'Caches', name));
  assert.equal(defaultCacheFolder({ LOCALAPPDATA: '/l' }, 'win32'), join('/l', name, 'cache'));
  for (const platform of ['linux', 'darwin', 'win32'])
    assert.equal(defaultCacheFolder({ MULTI_LORA_CACHE: '/here', XDG_CACHE_HOME: '/x' }, platform), '/here');
});
