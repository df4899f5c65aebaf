/** Why a text is not the address of a server that can be asked; undefined where it is. */
export function addressProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return 'expected an address such as http://127.0.0.1:8000/v1';
  if (url.username || url.password) return 'holds a name or a password; a key is kept apart from the recipe';
  return url.search || url.hash ? "has nothing behind a '?' or '#'" : undefined;
}
