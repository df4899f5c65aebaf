/** Paths are shorter on every system, and longer ones end in errors of the system's own. */
const longestPath = 1000;

/**
 * Why a recipe, or another file of a stranger's, may not name this path; undefined where it may. A share of another computer
 * (`\\host\share`, `//host/share`) is refused because a look at it alone makes Windows log in there, a device because it has
 * no end. Where the recipe itself lies on a share, a path relative to the recipe leads there.
 */
export function pathProblem(path: string): string | undefined {
  if (path.length > longestPath) return `a path has at most ${longestPath} characters`;
  if (/\p{Cc}/u.test(path)) return 'a path has no control characters';
  if (/^[\\/]{2}[.?]([\\/]|$)|^[\\/]\?\?[\\/]/.test(path)) return 'a recipe names no devices';
  if (/^[\\/]{2}/.test(path))
    return 'a recipe names no shares of other computers; where it lies on one itself, write the path relative to the recipe';
  return isDevice(path) ? 'a recipe names no devices' : undefined;
}

/** Whether an absolute path leads to where Linux and macOS have devices and processes. */
function isDevice(path: string): boolean {
  if (!path.startsWith('/')) return false;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return ['dev', 'proc', 'sys'].includes(parts[0] ?? '');
}
