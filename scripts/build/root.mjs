import { fileURLToPath } from 'node:url';

/** The folder of package.json, with a separator at the end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
