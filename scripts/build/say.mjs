/** Progress goes to standard error, so that what a command prints on standard output can be piped. */
export function say(/** @type {string} */ line) {
  process.stderr.write(`${line}\n`);
}
