/** Parameters for an operation, from its schema: that fit, or with one thing wrong that must be refused. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { HandlerFacts, JobHandler } from '../../agent/handler-api.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';
import { badCasesAt } from '../handlers/bad-values.ts';
import { isFreeText, placesOf } from '../handlers/schema-places.ts';
import type { Random } from '../power/random.ts';
import { drawFittingText, drawRefusedText, freeTextOf, oneOf, type Servers } from './draw-texts.ts';
import { MARK } from './places.ts';

export interface Drawing {
  readonly random: Random;
  readonly servers: Servers;
  /** The parameters of each operation's example. */
  readonly examples: Readonly<Record<string, JsonObject>>;
  /** Another number each time: names that are made up differ. */
  count(): number;
}

/** Waiting is no part of this: where a number is a time, it is the shortest that the schema allows. */
const TIME = /(Seconds|Minutes|Ms|^seconds)$/;
/** Waited for by default, where the document does not say. */
const HURRY: Readonly<Record<string, JsonObject>> = { 'download-file': { retrySeconds: 0 } };
/** The first word of a command: anything else would be run in earnest, as the document says. */
const COMMANDS = ['probe', '/usr/local/sbin/probe', `no-such-program-${MARK}`] as const;

/** Which members it takes depends on another one, so that what is drawn at random hardly ever fits: drawn anew until it does. */
const CHOOSY: ReadonlySet<string> = new Set(['containers']);
const MAX_TRIES = 200;

export function drawParameters(drawing: Drawing, handler: JobHandler): JsonObject {
  let drawn = drawOnce(drawing, handler);
  for (let tries = 1; tries < MAX_TRIES && CHOOSY.has(handler.operation); tries += 1) {
    if (handler.check?.(drawn, WITHOUT_SETTINGS) === undefined) break;
    drawn = drawOnce(drawing, handler);
  }
  return drawn;
}

/** Those that are choosy look at their parameters alone. */
const WITHOUT_SETTINGS = {} as HandlerFacts;

function drawOnce(drawing: Drawing, { operation, parameters }: JobHandler): JsonObject {
  const drawn = drawValue(drawing, operation, { name: '', schema: parameters as unknown as JsonSchema }) as JsonObject;
  const hurried = { ...drawn, ...HURRY[operation] };
  if (operation !== 'run-command') return hurried;
  const [, ...args] = hurried.command as readonly string[];
  return { ...hurried, command: [oneOf(drawing.random, COMMANDS), ...args] };
}

interface At {
  readonly name: string;
  readonly schema: JsonSchema;
}

function drawValue(drawing: Drawing, operation: string, { name, schema }: At): JsonValue {
  const { random } = drawing;
  if ('const' in schema) return schema.const as JsonValue;
  if (schema.enum !== undefined) return oneOf(random, schema.enum as readonly JsonValue[]);
  if (schema.anyOf !== undefined) return drawValue(drawing, operation, { name, schema: oneOf(random, schema.anyOf) });
  switch (schema.type) {
    case 'string':
      return drawText(drawing, operation, name);
    case 'integer':
    case 'number':
      return drawNumber(random, name, schema);
    case 'boolean':
      return random.below(2) === 0;
    case 'array':
      return drawList(drawing, operation, { name, schema });
    case 'object':
      return drawMembers(drawing, operation, { name, schema });
    default:
      return null;
  }
}

function drawText(drawing: Drawing, operation: string, name: string): string {
  const text = freeTextOf(operation, name);
  return text === undefined
    ? 'a'
    : drawFittingText(drawing.random, text, { count: drawing.count(), servers: drawing.servers });
}

function drawNumber(random: Random, name: string, { minimum = 0, maximum = 1000 }: JsonSchema): number {
  if (TIME.test(name)) return minimum;
  return oneOf(random, [minimum, maximum, Math.min(maximum, minimum + 1 + random.below(2000))]);
}

function drawList(drawing: Drawing, operation: string, { name, schema }: At): JsonValue {
  const { minItems = 0, maxItems = 8, items } = schema;
  const count = Math.min(maxItems, minItems + drawing.random.below(4));
  const at = { name: `${name}[]`, schema: (items ?? {}) as JsonSchema };
  return Array.from({ length: count }, () => drawValue(drawing, operation, at));
}

function drawMembers(drawing: Drawing, operation: string, { name, schema }: At): JsonObject {
  const { properties = {}, required = [] } = schema;
  const kept = Object.entries(properties).filter(([key]) => required.includes(key) || drawing.random.below(10) < 3);
  const dot = name === '' ? '' : '.';
  return Object.fromEntries(
    kept.map(([key, child]) => [key, drawValue(drawing, operation, { name: `${name}${dot}${key}`, schema: child })]),
  );
}

/** Parameters that nobody may take: a value of another type, out of its limits, missing, unknown; or a hostile text. */
export function drawBadParameters(drawing: Drawing, handler: JobHandler): JsonObject {
  const { random } = drawing;
  const { operation } = handler;
  const sample = (name: string) => freeTextOf(operation, name)?.sample ?? 'a';
  const places = placesOf(handler.parameters as unknown as JsonSchema, drawing.examples[operation] ?? {}, sample);
  const texts = places.filter(({ schema }) => isFreeText(schema));
  if (texts.length > 0 && random.below(3) > 0) {
    const place = oneOf(random, texts);
    const text = freeTextOf(operation, place.name);
    const refused = text === undefined ? undefined : drawRefusedText(random, text);
    if (refused !== undefined) return place.set(refused);
  }
  return oneOf(random, places.flatMap(badCasesAt)).parameters;
}
