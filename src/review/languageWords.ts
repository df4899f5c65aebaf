const words = (text: string): string[] => text.split(/\s+/);

const script = words(
  `abstract any arguments as async await boolean break case catch class const continue debugger default delete do else
  enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let
  module namespace never new null number object of override private protected public readonly return satisfies set static
  string super switch symbol this throw true try type typeof undefined unknown var void while with yield
  Array BigInt Boolean Buffer Date Error Function Infinity Intl JSON Map Math NaN Number Object Promise Proxy RangeError
  Reflect RegExp Set String Symbol SyntaxError TypeError URL WeakMap WeakSet console document globalThis process window
  isNaN isFinite parseFloat parseInt isInteger isSafeInteger isArray hasOwn hasOwnProperty keys values entries length
  log error warn push pop shift slice splice map filter reduce some every find findIndex includes indexOf forEach join
  concat sort reverse flat flatMap trim split replace replaceAll startsWith endsWith toLowerCase toUpperCase toString
  then all bigint require exports`,
);

const python = words(
  `False None True and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda nonlocal not or pass raise return try while with yield self cls match case
  Exception IndexError KeyError RuntimeError TypeError ValueError abs all any bool dict enumerate filter float format
  getattr hasattr int isinstance issubclass iter len list map max min next object open print range repr reversed round set
  setattr sorted str sum super tuple type zip append extend items keys values get join split strip startswith endswith
  lower upper replace pop`,
);

/** Of most languages. */
const common = words(
  `bool boolean break case catch char class const continue default do double else enum error false final finally float fn
  for func function if import in int interface let long match mut new nil none null override package private protected
  public return self short static str string struct super switch this throw throws true try type union unsigned use using
  var void while equals len length size println printf print`,
);

const known: Record<string, ReadonlySet<string>> = {
  javascript: new Set(script),
  javascriptreact: new Set(script),
  typescript: new Set(script),
  typescriptreact: new Set(script),
  python: new Set(python),
};
const others: ReadonlySet<string> = new Set(common);

/** Words that a line may have though its file has them nowhere: those of the language, and of what comes with it. */
export function languageWords(languageId: string): ReadonlySet<string> {
  return known[languageId] ?? others;
}
