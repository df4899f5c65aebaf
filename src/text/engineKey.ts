/**
 * The environment variable that holds the key of a server: of its host and port, so that a recipe which names another
 * server gets no key, whatever it calls it.
 */
export function keyVariable(url: string): string {
  const host = new URL(url).host.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return `MULTI_LORA_KEY_${host.replace(/^_|_$/g, '')}`;
}
