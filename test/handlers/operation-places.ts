/** Every place in the parameters of an operation, by its example. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../agent/core/json.ts';
import type { JobHandler } from '../../agent/handler-api.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { FREE_TEXTS, type FreeText } from './free-text.ts';
import { isFreeText, type Place, placesOf } from './schema-places.ts';

const HANDLERS = join(import.meta.dirname, '../../handlers');
const examples = new Map(
  builtInHandlers.map(({ operation }) => {
    const document = JSON.parse(readFileSync(join(HANDLERS, operation, 'example.job.json'), 'utf8')) as JsonObject;
    return [operation, document.parameters as JsonObject] as const;
  }),
);

/** The parameters of the example, and every place in them and beside them. */
export function placesOfOperation({ operation, parameters }: JobHandler): readonly Place[] {
  const example = examples.get(operation) ?? {};
  return placesOf(parameters as unknown as JsonSchema, example, (name) => FREE_TEXTS[operation]?.[name]?.sample ?? 'a');
}

export function freeTextOf(operation: string, name: string): FreeText {
  const entry = FREE_TEXTS[operation]?.[name];
  if (entry === undefined) throw new Error(`test/handlers/free-text.ts has no ${name} of ${operation}`);
  return entry;
}

export function freeTextNames(handler: JobHandler): readonly string[] {
  return [
    ...new Set(
      placesOfOperation(handler)
        .filter(({ schema }) => isFreeText(schema))
        .map(({ name }) => name),
    ),
  ];
}

export function freeTextRows(): readonly (readonly [name: string, operation: string, place: Place])[] {
  return builtInHandlers.flatMap((handler) => {
    const places = placesOfOperation(handler).filter(
      ({ name, schema }) => isFreeText(schema) && FREE_TEXTS[handler.operation]?.[name] !== undefined,
    );
    return places.map((place) => [place.name, handler.operation, place] as const);
  });
}
