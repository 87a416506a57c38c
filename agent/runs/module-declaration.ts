/** What a module in `handlersDir` declares of its handler, as its process tells it: checked like everything from there. */
import { quote } from '../core/describe-value.ts';
import type { JsonValue } from '../core/json.ts';
import { HANDLER_API_VERSION, type OnInterrupted, type Static, Type } from '../handler-api.ts';
import type { CompileSchema, SchemaCheck } from '../ports/schema-check.ts';
import { HANDLER_FUNCTIONS, type HandlerFunctionName } from './handler-host-request.ts';
import { type HandlerManifest, newerApiReason, schemaFault } from './handler-manifest.ts';
import { exitCodeFault } from './handler-registry.ts';
import { exitCodesOfCommand, type StepTraits } from './step-traits.ts';

const closed = { additionalProperties: false };
const text = Type.Optional(Type.String({ maxLength: 500 }));

const VALUES_SCHEMA = Type.Object(
  {
    operation: Type.String(),
    kind: Type.Union([Type.Literal('command'), Type.Literal('module')]),
    apiVersion: Type.Optional(Type.Integer({ minimum: 1 })),
    summary: text,
    needs: text,
    parameters: Type.Object({}, { expected: 'a JSON Schema, an object' }),
    onInterrupted: Type.Optional(Type.Union([Type.Literal('fail'), Type.Literal('rerun'), Type.Literal('resume')])),
    exclusive: Type.Optional(Type.Boolean()),
    defaultTimeoutSeconds: Type.Optional(Type.Integer({ minimum: 1 })),
    retryExitCode: Type.Optional(Type.Integer()),
    rebootExitCode: Type.Optional(Type.Integer()),
  },
  closed,
);
const DESCRIPTION_SCHEMA = Type.Object(
  { functions: Type.Array(Type.Union(HANDLER_FUNCTIONS.map((name) => Type.Literal(name)))), values: Type.Object({}) },
  closed,
);

export type ModuleDeclaration = Static<typeof VALUES_SCHEMA> & { readonly functions: readonly HandlerFunctionName[] };

export interface CheckedDeclaration {
  readonly declaration: ModuleDeclaration;
  readonly checkParameters: SchemaCheck;
}

/** @returns what was declared, or a sentence about what is wrong with it. */
export type CheckDeclaration = (description: JsonValue, operation: string) => CheckedDeclaration | string;

export function createDeclarationCheck(compileSchema: CompileSchema): CheckDeclaration {
  let checks: { readonly description: SchemaCheck; readonly values: SchemaCheck } | undefined;
  return (description, operation) => {
    checks ??= { description: compileSchema(DESCRIPTION_SCHEMA), values: compileSchema(VALUES_SCHEMA) };
    if (checks.description(description) !== undefined)
      return 'its description has a form that this agent does not know';
    const { values, functions } = description as unknown as DescriptionForm;
    const early = earlyFault(values);
    if (early !== undefined) return early;
    const misfit = checks.values(values);
    if (misfit !== undefined) return `${misfit.pointer} ${misfit.reason}`;
    const declaration: ModuleDeclaration = { ...(values as Static<typeof VALUES_SCHEMA>), functions };
    return faultOf(declaration, operation) ?? withCheck(declaration, compileSchema);
  };
}

type DescriptionForm = {
  readonly functions: readonly HandlerFunctionName[];
  readonly values: { readonly [name: string]: JsonValue };
};

/** What is better told in words than by a schema. */
function earlyFault({ apiVersion, kind, managedTemplates }: DescriptionForm['values']): string | undefined {
  if (typeof apiVersion === 'number' && apiVersion > HANDLER_API_VERSION) {
    return `/apiVersion ${newerApiReason(apiVersion)}`;
  }
  if (kind === 'inline') return '/kind inline runs inside the agent, which only what is built in may; use module';
  if (managedTemplates === undefined) return undefined;
  return '/managedTemplates is for what is built in; an executable stands in for a script by its file name';
}

function faultOf(declaration: ModuleDeclaration, operation: string): string | undefined {
  const { kind, functions, retryExitCode, rebootExitCode } = declaration;
  if (declaration.operation !== operation) {
    return `/operation expected ${JSON.stringify(operation)}, as the file is named, got ${quote(declaration.operation)}`;
  }
  const [own, other] = kind === 'module' ? (['run', 'command'] as const) : (['command', 'run'] as const);
  if (!functions.includes(own)) return `/${own} is required of the kind ${kind}, and missing`;
  if (functions.includes(other)) return `/${other} is not for the kind ${kind}`;
  if (kind === 'module' && (retryExitCode ?? rebootExitCode) !== undefined) {
    return '/retryExitCode and /rebootExitCode are for the kind command; a module returns retryLater() or reboot()';
  }
  const fault = schemaFault(declaration.parameters);
  return fault === undefined ? exitCodeFault(declaration) : `${fault.pointer} ${fault.reason}`;
}

function withCheck(declaration: ModuleDeclaration, compileSchema: CompileSchema): CheckedDeclaration | string {
  try {
    return { declaration, checkParameters: compileSchema(declaration.parameters, 'file') };
  } catch (error) {
    return `/parameters is no schema that the agent can use: ${(error as Error).message}`;
  }
}

/** @param manifest beside it: what the operator adds. */
export function traitsOfModule(declaration: ModuleDeclaration, manifest: HandlerManifest): StepTraits {
  const { onInterrupted = 'fail', functions, exclusive = false, defaultTimeoutSeconds = null } = declaration;
  return {
    onInterrupted: onInterrupted satisfies OnInterrupted,
    exclusive: exclusive || (manifest.exclusive ?? false),
    timeoutSeconds: manifest.timeoutSeconds ?? defaultTimeoutSeconds,
    verifies: functions.includes('verify'),
    cleansUp: functions.includes('cleanup'),
    exitCodes: exitCodesOfCommand(declaration),
  };
}
