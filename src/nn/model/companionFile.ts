const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^(merges\.txt|chat_template\.jinja|tokenizer\.model)$/;

/** Whether a file belongs to a base beside its weights: what a download fetches and a copy of the base takes along. */
export function companionFile(name: string): boolean {
  return companions.test(name);
}
