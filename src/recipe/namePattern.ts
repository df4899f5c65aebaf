/** Names of experts, blends, merges and sets: they become files and are typed at a prompt. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
export const nameRule = 'starts with a letter or digit; letters, digits, "_", "-" and "." follow';
