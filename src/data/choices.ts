/**
 * The answers that a question offers, a line each as tests of models write them (`A. Paris`; Hendrycks et al. 2021):
 * texts, which get letters (numbers where there are more than 26); texts with labels of their own, side by side (ARC,
 * CommonsenseQA) or together; or a text that lists them already. Undefined where a value is none of these.
 */
export function choiceLines(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) {
    const letters = value.length <= 26;
    return (
      whole(value.map(each => labelled(each?.label, each?.text))) ??
      whole(value.map((text, i) => labelled(letters ? String.fromCharCode(65 + i) : i + 1, text)))
    );
  }
  const { text, label } = (value ?? {}) as { text?: unknown; label?: unknown };
  if (!Array.isArray(text) || !Array.isArray(label) || text.length !== label.length) return undefined;
  return whole(text.map((each, i) => labelled(label[i], each)));
}

function labelled(label: unknown, text: unknown): string | undefined {
  return isShort(label) && isShort(text) ? `${label}. ${text}` : undefined;
}

const isShort = (value: unknown) => typeof value === 'string' || typeof value === 'number';

function whole(lines: (string | undefined)[]): string[] | undefined {
  return lines.every(line => line !== undefined) ? lines : undefined;
}
