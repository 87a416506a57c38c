/** What of JSON Schema the parameters of a handler may use, as the documents of it read it. */

export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly description?: string;
  /** Ours: the pattern in words. */
  readonly expected?: string;
  readonly writeOnly?: boolean;
}

/** Keywords that {@link JsonSchema} has and the pages can tell. Another one in a schema is refused: it would be lost. */
export const TOLD_KEYWORDS: ReadonlySet<string> = new Set([
  ...['type', 'const', 'enum', 'anyOf', 'properties', 'patternProperties', 'additionalProperties', 'required', 'items'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties', 'minLength', 'maxLength', 'minimum'],
  ...['maximum', 'pattern', 'default', 'description', 'expected', 'writeOnly', 'additionalItems'],
]);

/** @returns places of keywords that the pages cannot tell, such as `packages/items/multipleOf`. */
export function untoldKeywords(schema: JsonSchema, place = ''): readonly string[] {
  const own = Object.keys(schema).filter((keyword) => !TOLD_KEYWORDS.has(keyword));
  return [
    ...own.map((keyword) => `${place}/${keyword}`),
    ...childrenOf(schema).flatMap(([name, child]) => untoldKeywords(child, `${place}/${name}`)),
  ];
}

/** Every schema within one, by a name that says where. */
export function childrenOf(schema: JsonSchema): readonly (readonly [name: string, schema: JsonSchema])[] {
  const { properties = {}, patternProperties = {}, additionalProperties, items, anyOf = [] } = schema;
  return [
    ...Object.entries(properties),
    ...Object.entries(patternProperties),
    ...(typeof additionalProperties === 'object' ? [['*', additionalProperties] as const] : []),
    ...[items ?? []].flat().map((item, index) => [`items${Array.isArray(items) ? index : ''}`, item] as const),
    ...anyOf.map((branch, index) => [`anyOf${index}`, branch] as const),
  ];
}
