/**
 * A word is a run of letters with what belongs to it: marks, digits and underscores after the first letter, and inner
 * apostrophes and hyphens, so that 'address', 'add-on' and 'x-ray' are words of their own and never 'add' or 'x'.
 * Names of languages that end in a sign are words too. Every other sign separates.
 */
const wordPattern =
  /c\+\+|[cf]#(?![\p{L}\p{N}])|\p{L}[\p{L}\p{M}\p{N}_]*(?:['-][\p{L}\p{N}][\p{L}\p{M}\p{N}_]*)*|\p{N}+(?:[.,]\p{N}+)*/gu;

/** Lower case; compatibility forms (full-width, ligatures) folded, except that 'x²' becomes 'x^2' and not 'x2'. */
export function normalizeText(text: string): string {
  return text.replaceAll('²', '^2').replaceAll('³', '^3').normalize('NFKC').replace(/[’‘]/g, "'").toLowerCase();
}

/** The words and numbers of a normalised text, in order. */
export function wordsOf(normalized: string): string[] {
  return normalized.match(wordPattern) ?? [];
}

/**
 * The closed classes of English: articles, pronouns, prepositions, conjunctions, auxiliaries, question words and
 * quantifiers. New names and terms turn up every day and new words of these kinds never do, so what they say about a
 * prompt holds for prompts of any topic.
 */
export const functionWords: ReadonlySet<string> = new Set(
  [
    'a an the this that these those some any each every no all both either neither such another other same own only',
    'i me my mine myself you your yours yourself he him his she her hers it its we us our ours they them their theirs',
    'who whom whose what which when where why how whoever whatever',
    'of in on at by for with from to into onto upon over under above below between among through during before after',
    'about against along around across behind beside beyond near off out up down within without since until till per',
    'toward towards than as like except despite via',
    'and or but nor so yet if because while although though unless whether then also too not never ever',
    'be am is are was were been being do does did done doing have has had having',
    'can could will would shall should may might must ought let',
    'there here now just still again always often once',
    'many much more most few less least several enough one two first last next',
    "don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't wouldn't haven't hasn't hadn't shouldn't",
    "i'm i'd i've i'll you're you've you'll it's that's what's who's where's how's when's let's there's he's she's",
    'please thanks yes okay ok hi hello hey',
    'called known named made used',
  ].flatMap(line => line.split(' ')),
);
