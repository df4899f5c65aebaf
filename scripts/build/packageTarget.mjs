import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { browserModule, bundles, copied, nodeModule } from './bundles.mjs';
import { root } from './root.mjs';
import { bundledPackages, runtimePackages, thirdPartyNotices } from './thirdPartyNotices.mjs';

/** Platforms that onnxruntime-node has binaries for, as the marketplace calls them. */
export const targets = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];

/** What is shipped as it is. */
const shipped = ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'media', 'syntaxes', 'examples', 'docs'];

/** Of that: what was trained in the examples, the data of reviews, and pictures, which weigh as much as all programs together. */
const leftOut = /[\\/](runs|docs[\\/]images|examples[\\/]review)($|[\\/])/;

/**
 * Makes the VSIX of one platform. What goes into it is put together in a folder of its own, so that nothing of the
 * project's gets in by accident; bundles are built anew, smaller than those one works with.
 *
 * @param {string} target one of `targets`
 * @param {string} outFolder
 * @returns {Promise<string>} the VSIX's path
 */
export async function packageTarget(target, outFolder) {
  const stage = mkdtempSync(join(tmpdir(), 'multi-lora-package-'));
  try {
    const metafiles = await stageBundles(stage);
    const { name, version } = stageFiles(stage, target, metafiles);
    mkdirSync(outFolder, { recursive: true });
    const packagePath = join(outFolder, `${name}-${target}-${version}.vsix`);
    const { createVSIX } = await import('@vscode/vsce');
    await createVSIX({
      cwd: stage,
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

/** @typedef {import('esbuild').Metafile} Metafile */

/**
 * Bundles into the stage. The programs for Node.js share what they have in common, and so do the views.
 * @returns {Promise<Metafile[]>}
 */
async function stageBundles(/** @type {string} */ stage) {
  const { build } = await import('esbuild');
  /** @type {import('esbuild').BuildOptions} */
  const smaller = { minify: true, sourcemap: false, legalComments: 'none', metafile: true };
  const modules = bundles.filter(b => !b.options.splitting);
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
 * @param {string} stage
 * @param {string} target
 * @param {Metafile[]} metafiles
 * @returns {{ name: string, version: string }}
 */
function stageFiles(stage, target, metafiles) {
  for (const name of shipped)
    cpSync(join(root, name), join(stage, name), { recursive: true, filter: path => !leftOut.test(path) });
  writeFileSync(join(stage, 'README.md'), withoutPictures(readFileSync(join(root, 'README.md'), 'utf8')));
  for (const name of runtimePackages) stageRuntime(stage, name, target);
  writeFileSync(join(stage, 'THIRD_PARTY_NOTICES.txt'), thirdPartyNotices(bundledPackages(metafiles)));
  // Everything is bundled: what npm needs is of no use to the editor.
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
  // vsce asks for one; nothing is here that should stay behind.
  writeFileSync(join(stage, '.vscodeignore'), '');
  return manifest;
}

/** A text without its pictures of docs/images and the lines below them. */
function withoutPictures(/** @type {string} */ markdown) {
  return markdown.replace(
    /(<picture>[\s\S]*?<\/picture>|!\[[^\]]*\]\(docs\/images\/[^)]*\))\n\n(\*[^*\n]+\*\n\n)?/g,
    '',
  );
}

/**
 * onnxruntime-node cannot be bundled. It goes beside the bundles, where Node.js looks first: vsce leaves a folder
 * node_modules at the top out.
 */
function stageRuntime(/** @type {string} */ stage, /** @type {string} */ name, /** @type {string} */ target) {
  const from = join(root, 'node_modules', name);
  const to = join(stage, 'dist/node_modules', name);
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
  cpSync(join(from, 'dist'), join(to, 'dist'), {
    recursive: true,
    filter: path => !/\.map$|\.d\.ts$|dist[\\/]esm($|[\\/])/.test(path),
  });
  const [platform, arch] = target.split('-');
  if (name !== 'onnxruntime-node') return;
  const binaries = join('bin/napi-v6', `${platform}`, `${arch}`);
  // macOS has the library twice; the binding loads the one without the full version.
  for (const file of readdirSync(join(from, binaries)))
    if (!/^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(file))
      cpSync(join(from, binaries, file), join(to, binaries, file));
}
