import { WorkbenchError } from '../../protocol/errors.ts';
import { type Automaton, automatonOf, bothAutomata } from './automaton.ts';
import { arrayNode, type ObjectShape, objectNode } from './containerNodes.ts';
import { areDisjoint } from './disjoint.ts';
import { fitsValue } from './fitsValue.ts';
import { both, type FlatSchema, flatSchema } from './flatSchema.ts';
import { formatPatterns } from './formats.ts';
import type { ItemList, Items } from './item.ts';
import { type Node, Nodes, plainNode, unionNode } from './node.ts';
import { boundInUnits, isEmptyRange, type NumberRange, numberItem } from './numberItems.ts';
import { patternString } from './patternItems.ts';
import { type Json, type Schema, typeNames, unsupported, wrongSchema } from './schemaKeywords.ts';
import { freeString } from './stringItems.ts';

const mostNodes = 5_000;
const mostOptions = 200;
/** Of all schemas that are put together, as text. */
const mostCharacters = 20_000_000;

/** Makes the nodes of schemas. `settle` of the nodes makes them whole. */
export class SchemaNodes {
  readonly nodes: Nodes;
  private readonly byFlat = new Map<string, Node>();
  private readonly bySchema = new Map<Json, Node>();
  private readonly automata = new Map<string, Automaton>();
  private characters = 0;

  constructor(
    private readonly root: Schema,
    private readonly items: Items,
  ) {
    this.nodes = new Nodes(items, mostNodes, tooComplex);
  }

  of(schema: Schema, where: string): Node {
    if (typeof schema === 'boolean') return schema ? this.of({}, where) : plainNode(this.nodes, []);
    let node = this.bySchema.get(schema);
    if (!node) this.bySchema.set(schema, (node = this.ofFlat(flatSchema(schema, this.root, where))));
    return node;
  }

  /** One node for schemas that say the same, so that one inside itself comes to an end. */
  private ofFlat(flat: FlatSchema): Node {
    const key = JSON.stringify({ ...flat, where: undefined });
    if ((this.characters += key.length) > mostCharacters) throw tooComplex();
    let node = this.byFlat.get(key);
    if (!node) this.byFlat.set(key, (node = unionNode(this.nodes, () => this.options(flat))));
    return node;
  }

  private options(flat: FlatSchema): Node[] {
    const [union, ...unions] = flat.unions;
    if (!union) return flat.values ? this.valueNodes(flat, flat.values) : this.typeNodes(flat);
    const { keyword, options } = union;
    if (options.length > mostOptions)
      throw wrongSchema(flat.where, `has more than ${mostOptions} options in ${keyword}`);
    const own = options.map((option, i) => this.flatOf(option, `${flat.where}/${keyword}/${i}`));
    const areApart = () =>
      own.every((a, i) => own.every((b, j) => j >= i || areDisjoint(a, b, schema => this.flatOf(schema, a.where))));
    if (keyword === 'oneOf' && !areApart())
      throw unsupported('oneOf', flat.where, "it is not plain that no JSON fits two of its options; 'anyOf' says any");
    return own.map(option => this.ofFlat(both({ ...flat, unions }, option)));
  }

  private flatOf(schema: Schema, where: string): FlatSchema {
    return flatSchema(typeof schema === 'boolean' ? { allOf: [schema] } : schema, this.root, where);
  }

  private valueNodes(flat: FlatSchema, values: unknown[]): Node[] {
    const fitting = values.filter(value => fitsValue(flat, value, this.automatonOf(flat)));
    const isPlain = (value: unknown) => typeof value !== 'object' || value === null;
    return [
      plainNode(
        this.nodes,
        fitting.filter(isPlain).map(value => [this.items.literal(JSON.stringify(value))]),
      ),
      ...fitting.filter(value => !isPlain(value)).map(value => this.constant(value)),
    ];
  }

  /** A value as it is, with blanks where others have them. */
  private constant(value: unknown): Node {
    if (Array.isArray(value)) {
      const shape = () => ({
        first: value.map(each => this.constant(each)),
        others: undefined,
        least: value.length,
        most: value.length,
      });
      return arrayNode(this.nodes, shape);
    }
    if (typeof value !== 'object' || value === null)
      return plainNode(this.nodes, [[this.items.literal(JSON.stringify(value))]]);
    return objectNode(this.nodes, () => ({
      properties: Object.entries(value).map(([name, each]) => ({
        name,
        value: this.constant(each),
        isRequired: true,
      })),
      others: undefined,
      otherNames: undefined,
      least: 0,
      most: Infinity,
    }));
  }

  private typeNodes(flat: FlatSchema): Node[] {
    const types = flat.types ?? typeNames;
    return types
      .filter(type => type !== 'integer' || !types.includes('number'))
      .map(type => this.ofType(type, flat))
      .filter(node => node !== undefined);
  }

  private ofType(type: string, flat: FlatSchema): Node | undefined {
    const literals = (...texts: string[]) =>
      plainNode(
        this.nodes,
        texts.map(text => [this.items.literal(text)]),
      );
    switch (type) {
      case 'null':
        return literals('null');
      case 'boolean':
        return literals('true', 'false');
      case 'integer':
      case 'number': {
        const range = rangeOf(flat, type === 'integer');
        return isEmptyRange(range) ? undefined : plainNode(this.nodes, [[numberItem(this.items, range)]]);
      }
      case 'string': {
        const lists = this.strings(flat);
        return lists && plainNode(this.nodes, [lists]);
      }
      case 'array':
        return arrayNode(this.nodes, () => {
          const { where, prefixItems = [], items = true, minItems = 0, maxItems = Infinity } = flat;
          return {
            first: prefixItems.map((schema, i) => this.of(schema, `${where}/prefixItems/${i}`)),
            others: items === false ? undefined : this.of(items, `${where}/items`),
            least: minItems,
            most: maxItems,
          };
        });
      default:
        return objectNode(this.nodes, () => this.objectShape(flat));
    }
  }

  private strings(flat: FlatSchema): ItemList | undefined {
    const { minLength = 0, maxLength = Infinity } = flat;
    if (maxLength < minLength) return undefined;
    const automaton = this.automatonOf(flat)();
    if (!automaton) return freeString(this.items, minLength, maxLength);
    return patternString(this.items, automaton, minLength, maxLength);
  }

  /** What takes the texts of all patterns and formats; made when asked for. */
  private automatonOf({ patterns, formats }: FlatSchema): () => Automaton | undefined {
    return () => {
      const sources = [...patterns, ...formats.map(format => formatPatterns[format]!)];
      if (sources.length === 0) return undefined;
      const key = sources.join('\n');
      let automaton = this.automata.get(key);
      if (!automaton) this.automata.set(key, (automaton = sources.map(automatonOf).reduce(bothAutomata)));
      return automaton;
    };
  }

  private objectShape(flat: FlatSchema): ObjectShape {
    const { where, properties = {}, required, minProperties = 0, maxProperties = Infinity } = flat;
    // A schema that lists properties and says nothing of others is written with those that it lists.
    const additional = flat.additionalProperties ?? flat.properties === undefined;
    const names = [...new Set([...Object.keys(properties), ...required])];
    const allowed = this.allowedNames(flat);
    const isAllowed = (name: string) => !allowed || allowed.includes(name);
    const own = names.map(name => {
      const schema = Object.hasOwn(properties, name) ? properties[name]! : (flat.additionalProperties ?? true);
      return {
        name,
        value: this.of(isAllowed(name) && schema, `${where}/properties/${name}`),
        isRequired: required.includes(name),
      };
    });
    const otherNames = allowed?.filter(name => !names.includes(name));
    const hasOthers = additional !== false && otherNames?.length !== 0;
    if (hasOthers && minProperties > names.length + 1)
      throw unsupported('minProperties', where, 'a name may be written twice, where names are free');
    return {
      properties: own,
      others: hasOthers ? this.of(additional, `${where}/additionalProperties`) : undefined,
      otherNames: otherNames && [
        this.items.oneOf(() => otherNames.map(name => [this.items.literal(JSON.stringify(name))])),
      ],
      least: minProperties,
      most: maxProperties,
    };
  }

  /** The names that `propertyNames` lists; undefined for any. */
  private allowedNames({ propertyNames, where }: FlatSchema): string[] | undefined {
    if (propertyNames === undefined || propertyNames === true) return undefined;
    const flat = this.flatOf(propertyNames, `${where}/propertyNames`);
    if (flat.unions.length > 0) throw unsupported('propertyNames', where, 'only names that are listed can be kept to');
    if (flat.types && !flat.types.includes('string')) return [];
    if (flat.values) {
      const fits = (value: unknown) => typeof value === 'string' && fitsValue(flat, value, this.automatonOf(flat));
      return flat.values.filter(fits) as string[];
    }
    const isAny =
      flat.minLength === undefined && flat.maxLength === undefined && this.automatonOf(flat)() === undefined;
    if (!isAny) throw unsupported('propertyNames', where, 'only names that are listed can be kept to');
    return undefined;
  }
}

function rangeOf(flat: FlatSchema, ofIntegers: boolean): NumberRange {
  const { where, multiplesOf, minimums, maximums } = flat;
  // A number that is a multiple of an integer is one.
  const isInteger = ofIntegers || multiplesOf.length > 0;
  for (const value of multiplesOf)
    if (!Number.isSafeInteger(value)) throw unsupported('multipleOf', where, 'of integers alone it can be kept to');
  const least = minimums.map(bound => boundInUnits(bound.value, isInteger, 'least', bound.isExclusive));
  const most = maximums.map(bound => boundInUnits(bound.value, isInteger, 'most', bound.isExclusive));
  return {
    isInteger,
    ...(least.length > 0 && { least: least.reduce((a, b) => (a > b ? a : b)) }),
    ...(most.length > 0 && { most: most.reduce((a, b) => (a < b ? a : b)) }),
    ...(multiplesOf.length > 0 && { multipleOf: multiplesOf.map(BigInt).reduce(leastCommonMultiple) }),
  };
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return (a / x) * b;
}

function tooComplex(): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    `the schema is too complex to hold answers to: with what its references and allOf put together it has more than ${mostNodes} parts`,
    'Use a smaller schema.',
  );
}
