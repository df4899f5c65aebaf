import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import zlib from 'node:zlib';
// @ts-expect-error It has no types.
import pako from 'pako';
import UPNG from 'upng-js';
import { browserModule, bundles, copied, nodeModule } from './bundles.mjs';
import { root } from './root.mjs';
import { bundledPackages, runtimePackages, thirdPartyNotices } from './thirdPartyNotices.mjs';

/** Platforms that onnxruntime-node has binaries for, as the marketplace calls them. */
export const targets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** The page that the Marketplace and the editor show of the package; README.md is for developers. */
const readmePath = 'docs/marketplace.md';

/**
 * Makes the VSIX of one platform in a folder of its own: bundles are built anew, smaller than those one works with.
 * What stays out is listed in .vscodeignore.
 *
 * @param {string} target one of `targets`
 * @param {string} outFolder
 * @returns {Promise<string>} the VSIX's path
 */
export async function packageTarget(target, outFolder) {
  const stage = mkdtempSync(join(tmpdir(), 'multi-lora-package-'));
  try {
    const { createVSIX, listFiles, PackageManager } = await import('@vscode/vsce');
    const listed = await listFiles({ cwd: root, packageManager: PackageManager.None });
    for (const file of listed) if (!file.startsWith('dist/')) cpSync(join(root, file), join(stage, file));
    writeFileSync(join(stage, readmePath), withPictures(readFileSync(join(root, readmePath), 'utf8')));
    const metafiles = await stageBundles(stage);
    for (const name of runtimePackages) stageRuntime(stage, name, target);
    writeFileSync(join(stage, 'THIRD_PARTY_NOTICES.txt'), thirdPartyNotices(bundledPackages(metafiles)));
    const { name, version } = stageManifest(stage);
    mkdirSync(outFolder, { recursive: true });
    const packagePath = join(outFolder, `${name}-${target}-${version}.vsix`);
    compressBest();
    await createVSIX({
      cwd: stage,
      ignoreFile: join(root, '.vscodeignore'),
      readmePath,
      packagePath,
      target,
      dependencies: false,
      allowMissingRepository: true,
      // There is no address to point to.
      rewriteRelativeLinks: false,
    });
    return packagePath;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * The writer of archives takes zlib's middle level and hears no wish. Node.js has Chromium's zlib, which looks for matches
 * of four bytes and more to be fast; zlib as it was, at its best, makes a package 0.4 MB smaller.
 */
function compressBest() {
  class BestDeflateRaw extends Transform {
    deflate = new pako.Deflate({ raw: true, level: 9, memLevel: 9 });

    constructor() {
      super();
      this.deflate.onData = (/** @type {Uint8Array} */ chunk) => this.push(chunk);
    }

    /** @override */
    _transform(/** @type {Buffer} */ chunk, /** @type {string} */ _, /** @type {() => void} */ done) {
      this.deflate.push(chunk, false);
      done();
    }

    /** @override */
    _flush(/** @type {() => void} */ done) {
      this.deflate.push(new Uint8Array(0), true);
      done();
    }
  }
  Object.assign(zlib, { DeflateRaw: BestDeflateRaw });
}

/**
 * The page with its pictures in it, at half their size, and its film: the editor shows none of a package's files, and there is no
 * address they could be fetched from.
 */
function withPictures(/** @type {string} */ markdown) {
  return markdown
    .replace(/^<!--[\s\S]*?-->\n*/, '')
    .replace(/\((docs\/images\/[\w-]+\.(png|gif))\)/g, (_, path, kind) => {
      const whole = readFileSync(join(root, path));
      // A film has few colours as it is.
      const picture = kind === 'png' ? Buffer.from(halfSize(whole)) : whole;
      return `(data:image/${kind};base64,${picture.toString('base64')})`;
    });
}

/** A PNG of half the width and height, in 16 colours: each pixel is the mean of four. */
function halfSize(/** @type {Buffer} */ png) {
  const picture = UPNG.decode(new Uint8Array(png).buffer);
  const pixels = new Uint8Array(/** @type {ArrayBuffer} */ (UPNG.toRGBA8(picture)[0]));
  const from = (/** @type {number} */ at) => pixels[at] ?? 0;
  const [width, height] = [picture.width >> 1, picture.height >> 1];
  const to = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 4; c++) {
        const at = (2 * y * picture.width + 2 * x) * 4 + c;
        const below = at + 4 * picture.width;
        to[(y * width + x) * 4 + c] = Math.round((from(at) + from(at + 4) + from(below) + from(below + 4)) / 4);
      }
  return UPNG.encode([to.buffer], width, height, 16);
}

/** @typedef {import('esbuild').Metafile} Metafile */

/**
 * Bundles into the stage. The programs for Node.js share what they have in common, and so do the views.
 * @returns {Promise<Metafile[]>}
 */
async function stageBundles(/** @type {string} */ stage) {
  const { build } = await import('esbuild');
  /** @type {import('esbuild').BuildOptions} */
  const smaller = { minify: true, sourcemap: false, legalComments: 'none', metafile: true };
  const modules = bundles.filter(b => b.name !== 'extension');
  const together = [
    { options: nodeModule, folder: 'dist', ending: '.mjs' },
    { options: browserModule, folder: 'dist/webview', ending: '.js' },
  ].map(({ options, folder, ending }) => {
    const programs = modules.filter(b => b.options.platform === options.platform);
    return build({
      ...options,
      ...smaller,
      entryPoints: Object.fromEntries(programs.map(p => [basename(p.outfile, ending), p.entry])),
      splitting: true,
      outdir: join(stage, folder),
      outExtension: { '.js': ending },
    });
  });
  const apart = bundles
    .filter(b => !modules.includes(b))
    .map(b => build({ ...b.options, ...smaller, outdir: join(stage, dirname(b.outfile)) }));
  for (const { from, to } of copied) cpSync(join(root, from), join(stage, to));
  return (await Promise.all([...together, ...apart])).map(built => /** @type {Metafile} */ (built.metafile));
}

/**
 * package.json without what npm needs: everything is bundled, and it is of no use to the editor.
 * @returns {{ name: string, version: string }}
 */
function stageManifest(/** @type {string} */ stage) {
  const {
    scripts,
    dependencies,
    devDependencies,
    allowScripts,
    bin,
    private: _,
    ...manifest
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest, null, 2));
  return manifest;
}

/**
 * onnxruntime-node cannot be bundled. It goes beside the bundles, where Node.js looks first: vsce leaves a folder
 * node_modules at the top out.
 */
function stageRuntime(/** @type {string} */ stage, /** @type {string} */ name, /** @type {string} */ target) {
  const from = join(root, 'node_modules', name);
  const to = join(stage, 'dist/node_modules', name);
  for (const part of ['package.json', 'dist']) cpSync(join(from, part), join(to, part), { recursive: true });
  if (name !== 'onnxruntime-node') return;
  const binaries = join('bin/napi-v6', ...target.split('-'));
  cpSync(join(from, binaries), join(to, binaries), { recursive: true });
}
