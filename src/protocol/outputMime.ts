/** What steps of a recipe's notebook show: drawn by `webview/notebook`, kept beside the recipe. Apart from its schema, which takes longer to load than activation may. */
export const outputMime = 'application/vnd.multi-lora.step+json';
