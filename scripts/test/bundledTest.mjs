/** Where test files are bundled to, from the project's folder. */
export const testBundles = 'dist/test';

/** The bundle of a test file. */
export function bundleOf(/** @type {string} */ file) {
  return `${testBundles}/${file.replace(/\.ts$/, '.mjs')}`;
}

/** The test file that a bundle was made of; another path is given back. */
export function testFileOf(/** @type {string} */ path) {
  return path.startsWith(`${testBundles}/`) ? path.slice(testBundles.length + 1).replace(/\.mjs$/, '.ts') : path;
}
