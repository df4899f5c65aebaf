import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

/** Packages that are shipped as they are, and not bundled. */
export const runtimePackages = ['onnxruntime-node', 'onnxruntime-common'];

/** Licences that a package names without bringing their text, by SPDX name. */
const texts = /** @type {Record<string, (owner: string) => string>} */ ({
  MIT: owner => `MIT License

Copyright (c) ${owner}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
});

/** Owners of packages that name none. */
const owners = /** @type {Record<string, string>} */ ({
  'onnxruntime-node': 'Microsoft Corporation',
  'onnxruntime-common': 'Microsoft Corporation',
});

/** What a package's own licence does not say. */
const additions = /** @type {Record<string, string>} */ ({
  'onnxruntime-node':
    'The native libraries contain works of others, on Windows DirectML and the DirectX shader compiler too. Their notices: https://github.com/microsoft/onnxruntime/blob/v1.30.0/ThirdPartyNotices.txt',
});

/**
 * Every package of which something is in a bundle, by what the bundler recorded, and those shipped beside them.
 *
 * @param {import('esbuild').Metafile[]} metafiles
 */
export function bundledPackages(metafiles) {
  const found = new Set(runtimePackages);
  for (const { outputs } of metafiles)
    for (const { inputs } of Object.values(outputs))
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        const [, folder] = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
        if (folder && bytesInOutput > 0) found.add(folder);
      }
  return [...found].sort();
}

/** Name, version and licence of packages. Throws for one whose licence is unknown. */
export function thirdPartyNotices(/** @type {string[]} */ packages) {
  const parts = packages.map(name => {
    const folder = join(root, 'node_modules', name);
    const { version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const files = readdirSync(folder).filter(file => /^(licen[cs]e|copying|notice)/i.test(file));
    const owner = owners[name] ?? author?.name ?? author ?? `the authors of ${name}`;
    const text =
      files.length > 0
        ? files.map(file => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n')
        : texts[license]?.(owner);
    if (!text)
      throw new Error(`${name} ${version} (${license}) brings no licence; add its text to thirdPartyNotices.mjs`);
    return [`${name} ${version} (${license})`, text, additions[name]].filter(Boolean).join('\n\n');
  });
  const line = '-'.repeat(80);
  return `What this package contains of others, and its licences.\n\n${line}\n\n${parts.join(`\n\n${line}\n\n`)}\n`;
}
