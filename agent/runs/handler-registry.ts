/**
 * Which handlers there are, and whether parameters fit them. A schema is compiled once, for the first job that needs it: all of
 * them at the start would make the idle agent 12 MB larger (VmRSS, Node.js 20 on x86-64).
 */
import type { JsonValue } from '../core/json.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { CommandHandler, HandlerFacts, JobHandler, ParameterProblem } from '../handler-api.ts';
import type { CompileSchema, SchemaCheck } from '../ports/schema-check.ts';

export interface HandlerRegistry {
  find(operation: string): JobHandler | undefined;
  /** What stands in for a script of the AWS managed templates, by the script's file name. */
  standInFor(script: string): StandIn | undefined;
  /** The operation that was probably meant. @param others that there are besides what is built in. */
  nearest(operation: string, others: readonly string[]): string | undefined;
  /** @returns what is wrong and where in the parameters, or nothing. */
  checkParameters(handler: JobHandler, parameters: JsonValue): ParameterProblem | undefined;
}

export interface StandIn {
  readonly handler: JobHandler;
  /** The script's arguments as parameters of the handler, or a sentence that says what is wrong with them. */
  readonly parametersOf: (args: readonly string[]) => unknown;
}

export interface HandlerRegistryOptions {
  readonly handlers: readonly JobHandler[];
  readonly compileSchema: CompileSchema;
  readonly facts: HandlerFacts;
}

/** Of handlers with code of ours to run them; an executable may be called as a file may. */
export const OPERATION_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** @throws Error when two handlers do the same operation, or one is not declared as the handler API says. */
export function createHandlerRegistry({ handlers, compileSchema, facts }: HandlerRegistryOptions): HandlerRegistry {
  const byOperation = new Map<string, JobHandler>();
  const checks = new Map<JobHandler, SchemaCheck>();
  for (const handler of handlers) {
    if (byOperation.has(handler.operation)) throw new Error(`two handlers do ${handler.operation}`);
    checkDeclaration(handler);
    byOperation.set(handler.operation, handler);
  }
  const standIns = standInsOf(handlers);
  const checkOf = (handler: JobHandler): SchemaCheck | undefined => {
    const known = checks.get(handler);
    if (known !== undefined || byOperation.get(handler.operation) !== handler) return known;
    const check = compileSchema(handler.parameters);
    checks.set(handler, check);
    return check;
  };
  return {
    find: (operation) => byOperation.get(operation),
    standInFor: (script) => standIns.get(script),
    nearest: (operation, others) => nearestName(operation, [...byOperation.keys(), ...others]),
    checkParameters: (handler, parameters) => checkOf(handler)?.(parameters) ?? handler.check?.(parameters, facts),
  };
}

/** @throws Error when two handlers stand in for the same script. */
function standInsOf(handlers: readonly JobHandler[]): ReadonlyMap<string, StandIn> {
  const standIns = new Map<string, StandIn>();
  for (const handler of handlers) {
    for (const { handler: script, parametersOf } of handler.managedTemplates ?? []) {
      if (standIns.has(script)) throw new Error(`two handlers stand in for ${script}`);
      standIns.set(script, { handler, parametersOf });
    }
  }
  return standIns;
}

/** A misspelt parameter must be refused, not ignored: it was meant to do something. */
function checkDeclaration(handler: JobHandler): void {
  const { operation, parameters } = handler;
  if (!OPERATION_NAME.test(operation)) {
    throw new Error(`handler ${operation}: an operation is lower case words joined by hyphens`);
  }
  const schema = parameters as { readonly type?: unknown; readonly additionalProperties?: unknown };
  if (schema.type !== 'object' || schema.additionalProperties !== false) {
    throw new Error(`handler ${operation}: parameters must be an object with additionalProperties: false`);
  }
  const fault = handler.kind === 'command' ? exitCodeFault(handler) : undefined;
  if (fault !== undefined) throw new Error(`handler ${operation}: ${fault}`);
}

/** What is wrong with the exit codes that a handler of kind `command` declares. */
export function exitCodeFault({
  retryExitCode,
  rebootExitCode,
}: Pick<CommandHandler, 'retryExitCode' | 'rebootExitCode'>): string | undefined {
  for (const exitCode of [retryExitCode, rebootExitCode]) {
    if (exitCode === undefined || (Number.isInteger(exitCode) && exitCode > 0 && exitCode < 256)) continue;
    return `exit code ${exitCode} is none that a failure has, 1 to 255`;
  }
  if (retryExitCode === undefined || retryExitCode !== rebootExitCode) return undefined;
  return `exit code ${retryExitCode} cannot mean both, later and restart`;
}
