/** `docs/handler.schema.json`: what `<name>.handler.json` may say, for editors. Made from the schema that the agent uses. */
import { HANDLER_MANIFEST_SCHEMA } from '../../agent/runs/handler-manifest.ts';

const DRAFT = 'http://json-schema.org/draft-07/schema#';

type Json = { readonly [keyword: string]: unknown };

/** In `parameters` an editor completes the keywords of JSON Schema itself, and what the agent asks of them. */
const PARAMETERS = {
  allOf: [{ $ref: DRAFT }],
  type: 'object',
  properties: { type: { const: 'object' }, additionalProperties: { const: false } },
  required: ['type', 'additionalProperties'],
};

export function handlerSchema(): Json {
  const { properties, ...rest } = withoutOwnKeywords(HANDLER_MANIFEST_SCHEMA) as { readonly properties: Json };
  const { description } = properties.parameters as Json;
  return {
    $schema: DRAFT,
    $comment: 'Made by `npm run docs` from agent/runs/handler-manifest.ts.',
    title: 'Manifest of a handler of iot-job-agent',
    description: 'NAME.handler.json beside a handler in handlersDir: handlers/README.md.',
    ...rest,
    properties: { ...properties, parameters: { description, ...PARAMETERS } },
  };
}

export function renderHandlerSchema(): string {
  return `${JSON.stringify(handlerSchema(), undefined, 2)}\n`;
}

/** `expected` is the agent's: editors have words of their own. */
function withoutOwnKeywords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwnKeywords);
  if (typeof value !== 'object' || value === null) return value;
  const told = Object.entries(value).filter(([keyword, text]) => keyword !== 'expected' || typeof text !== 'string');
  return Object.fromEntries(told.map(([keyword, member]) => [keyword, withoutOwnKeywords(member)]));
}
