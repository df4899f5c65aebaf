import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../cacheFolder.ts';

const version = '3.22.1';

/** node-llama-cpp, which this project does not depend on, in the bench's own folder; returns the path of its module. */
export async function installLlama(): Promise<string> {
  const folder = cacheFolder('node-llama-cpp', version);
  const entry = join(folder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  if (!existsSync(entry)) {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `node-llama-cpp@${version}`];
    const code = await new Promise<number | null>((resolve, reject) => {
      // Everything that npm says goes to standard error; its scripts would build llama.cpp, whose binary is a package.
      const child = spawn('npm', args, { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(`npm could not install node-llama-cpp@${version} into ${folder}`);
  }
  return entry;
}
