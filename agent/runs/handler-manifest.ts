/** What `<name>.handler.json` says of the handler beside it. `docs/handler.schema.json` is made from the schema here. */
import { HANDLER_API_VERSION, type Static, Type } from '../handler-api.ts';

export const MANIFEST_SUFFIX = '.handler.json';

/** As of a step in a native document: a week. */
const MAX_TIMEOUT_SECONDS = 7 * 24 * 3600;
const MAX_TEXT_LENGTH = 500;

const closed = { additionalProperties: false };

function exitCodes(description: string, first: number) {
  const code = Type.Integer({ minimum: first, maximum: 255, expected: `an exit code, ${first} to 255` });
  return Type.Optional(Type.Array(code, { description, maxItems: 256, uniqueItems: true }));
}

export const HANDLER_MANIFEST_SCHEMA = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'Where an editor finds this schema.' })),
    apiVersion: Type.Optional(
      Type.Integer({
        description: `The version of the handler API that the handler needs. This agent has version ${HANDLER_API_VERSION}; a handler that needs a later one is refused.`,
        minimum: 1,
      }),
    ),
    summary: Type.Optional(
      Type.String({ description: 'One sentence for people.', minLength: 1, maxLength: MAX_TEXT_LENGTH }),
    ),
    needs: Type.Optional(
      Type.String({
        description: 'What has to be there besides the agent, for people: `mmcli of ModemManager`.',
        minLength: 1,
        maxLength: MAX_TEXT_LENGTH,
      }),
    ),
    parameters: Type.Optional(
      Type.Object(
        {},
        {
          description:
            'JSON Schema (draft-07) of `parameters` in a native job document, with `"type": "object"` and `"additionalProperties": false`. What does not fit is REJECTED before anything runs. Beside the standard keywords, `expected` says in words what a pattern means, and `"writeOnly": true` keeps a value out of messages.',
          expected: 'a JSON Schema, an object',
        },
      ),
    ),
    onInterrupted: Type.Optional(
      Type.Union([Type.Literal('fail'), Type.Literal('rerun'), Type.Literal('resume')], {
        description:
          'What to do when power or the agent was lost while it ran. `fail` (default): report FAILED. `rerun`: start again from the beginning. `resume`: start again; the file JOB_CHECKPOINT_FILE is as the last attempt left it.',
      }),
    ),
    exclusive: Type.Optional(
      Type.Boolean({ description: 'It runs only when no other job does: for what restarts or changes the gateway.' }),
    ),
    timeoutSeconds: Type.Optional(
      Type.Integer({
        description: 'Time limit of a step that sets none, in seconds. Without either there is none.',
        minimum: 1,
        maximum: MAX_TIMEOUT_SECONDS,
      }),
    ),
    exitCodes: Type.Optional(
      Type.Object(
        {
          succeeded: exitCodes('Success, beside 0, which always is.', 0),
          retry: exitCodes('Try later. Unless given: 75 (sysexits.h, EX_TEMPFAIL).', 1),
          reboot: exitCodes('Restart the gateway, then call it with JOB_PURPOSE=verify. Unless given: 194.', 1),
          rejected: exitCodes('It never can succeed: the job is REJECTED. Unless given: none.', 1),
        },
        { ...closed, description: 'What the exit codes of an executable mean. Every other one is a failure.' },
      ),
    ),
  },
  closed,
);

export type HandlerManifest = Static<typeof HANDLER_MANIFEST_SCHEMA>;

/** What exit codes mean. 0 is success whatever else is. */
export interface ExitCodes {
  readonly succeeded: readonly number[];
  readonly retry: readonly number[];
  readonly reboot: readonly number[];
  readonly rejected: readonly number[];
}

/** sysexits.h, EX_TEMPFAIL; AWS Systems Manager User Guide, "Rebooting managed nodes from scripts". */
export const EXECUTABLE_EXIT_CODES: ExitCodes = { succeeded: [0], retry: [75], reboot: [194], rejected: [] };

/** What is said wins over what goes without saying: with `"rejected": [75]` alone, 75 is no longer for later. */
export function exitCodesOf({ exitCodes: declared = {} }: Pick<HandlerManifest, 'exitCodes'>): ExitCodes {
  const said = new Set(Object.values(declared).flat());
  const codes = (name: keyof ExitCodes) =>
    declared[name] ?? EXECUTABLE_EXIT_CODES[name].filter((code) => !said.has(code));
  return {
    succeeded: codes('succeeded'),
    retry: codes('retry'),
    reboot: codes('reboot'),
    rejected: codes('rejected'),
  };
}

export interface ManifestFault {
  /** JSON pointer into the manifest. */
  readonly pointer: string;
  readonly reason: string;
}

/** What the schema cannot say. @param isModule what a module says in its own declaration has no place here. */
export function manifestFault(manifest: HandlerManifest, isModule: boolean): ManifestFault | undefined {
  const { apiVersion = 1, parameters } = manifest;
  if (apiVersion > HANDLER_API_VERSION) return { pointer: '/apiVersion', reason: newerApiReason(apiVersion) };
  for (const name of ['onInterrupted', 'exitCodes'] as const) {
    if (!isModule || manifest[name] === undefined) continue;
    return { pointer: `/${name}`, reason: 'is for executables; a module says it in its own declaration' };
  }
  return (parameters === undefined ? undefined : schemaFault(parameters)) ?? doubledExitCode(manifest);
}

export function newerApiReason(apiVersion: number): string {
  return `needs version ${apiVersion} of the handler API, and this agent has version ${HANDLER_API_VERSION}: upgrade the agent`;
}

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** A misspelt parameter must be refused, not ignored: it was meant to do something. */
export function schemaFault(schema: object): ManifestFault | undefined {
  const { type, additionalProperties, $async, $schema = DRAFT } = schema as Readonly<Record<string, unknown>>;
  if ($schema !== DRAFT) return { pointer: '/parameters/$schema', reason: `expected "${DRAFT}", or nothing` };
  if (type !== 'object') return { pointer: '/parameters/type', reason: 'expected "object": parameters have names' };
  if (additionalProperties !== false) {
    return { pointer: '/parameters/additionalProperties', reason: 'expected false: a misspelt parameter is refused' };
  }
  // Ajv's own: its check would be a promise, and every promise passes for a yes.
  return $async === undefined ? undefined : { pointer: '/parameters/$async', reason: 'is no keyword of JSON Schema' };
}

function doubledExitCode({ exitCodes: declared = {} }: HandlerManifest): ManifestFault | undefined {
  const meanings = new Map<number, string>();
  for (const [name, codes] of Object.entries(declared)) {
    for (const [index, code] of codes.entries()) {
      const other = meanings.get(code);
      if (other !== undefined) {
        return { pointer: `/exitCodes/${name}/${index}`, reason: `${code} is under ${other} already` };
      }
      meanings.set(code, name);
    }
  }
  return undefined;
}
