/** From a planned step to what would run here, or why nothing can. Asked when a job is reviewed, and again at its start. */
import type { ExecutableAction, OperationAction, PlannedStep } from '../core/job-plan.ts';
import type { JsonValue } from '../core/json.ts';
import type { Opening } from '../files/openings.ts';
import type { JobHandler } from '../handler-api.ts';
import type { UserAccount, UserDatabase } from '../ports/user-database.ts';
import { handlersNamedIn, MODULE_SUFFIX } from './handler-names.ts';
import type { HandlerRegistry } from './handler-registry.ts';
import type { FoundExecutable, FoundModule, HandlerSearch } from './handler-search.ts';
import type { CheckInModule } from './module-calls.ts';
import { type ModuleDeclaration, traitsOfModule } from './module-declaration.ts';
import { findRunUser, unreadableBecause } from './run-user.ts';
import { type StepTraits, traitsOfExecutable, traitsOfHandler } from './step-traits.ts';

export type ResolvedStep = {
  /** The operation, or the file name of the executable. */
  readonly operation: string;
  /** Who runs it. For `script`: the agent, because such a script changes user itself. */
  readonly account: UserAccount;
  readonly traits: StepTraits;
} & (
  | { readonly kind: 'handler'; readonly handler: JobHandler; readonly parameters: JsonValue }
  /** A module in `handlersDir`. */
  | {
      readonly kind: 'es-module';
      readonly path: string;
      readonly declaration: ModuleDeclaration;
      readonly parameters: JsonValue;
    }
  /** An executable called from a native document: parameters come as JSON on stdin. */
  | { readonly kind: 'executable'; readonly path: string; readonly parameters: JsonValue }
  /** An executable called as the AWS IoT Device Client calls its handlers. */
  | { readonly kind: 'script'; readonly path: string; readonly args: readonly string[] }
);

export interface StepProblem {
  /** `not-now`: the gateway could not find it out, such as for want of space. */
  readonly verdict: 'reject' | 'unknown-operation' | 'not-now';
  readonly reasonCode: string;
  /** Which part of the step it is about; `inPlace` points on from there. */
  readonly place: StepPlace;
  readonly inPlace: string;
  readonly reason: string;
}

export type StepPlace = 'operation' | 'parameters' | 'folder' | 'args' | 'user';

export type Resolution =
  | { readonly ok: true; readonly step: ResolvedStep }
  | { readonly ok: false; readonly problem: StepProblem };

export interface StepResolverOptions {
  readonly registry: HandlerRegistry;
  readonly search: HandlerSearch;
  readonly checkInModule: CheckInModule;
  readonly users: UserDatabase;
  readonly settings: {
    readonly handlersDir: string;
    readonly runAsUsers: readonly string[];
    readonly stateDir: string;
    readonly runtimeDir: string;
  };
  /** Called for a folder by which a group could replace an executable that may run; again each time it is seen. */
  readonly onOpening: (opening: Opening) => void;
  /** Called for a file that is not used because the operation is built in; again each time it is seen. */
  readonly onShadowed: (file: { readonly operation: string; readonly path: string }) => void;
}

export type ResolveStep = (step: PlannedStep) => Promise<Resolution>;

export function createStepResolver(options: StepResolverOptions): ResolveStep {
  return ({ action, runAs }) =>
    action.kind === 'operation' ? resolveOperation(action, runAs, options) : resolveScript(action, options);
}

async function resolveOperation(
  { operation, parameters }: OperationAction,
  runAs: string | undefined,
  options: StepResolverOptions,
): Promise<Resolution> {
  const found = await options.search.operation(operation);
  switch (found.kind) {
    case 'built-in':
      await tellOfShadowed(operation, options);
      return resolveHandler({ operation, handler: found.handler, parameters }, runAs, options);
    case 'executable':
      return resolveExecutable({ found, operation, parameters }, runAs, options);
    case 'es-module':
      return resolveModule({ found, operation, parameters }, runAs, options);
    case 'refused':
      return reject(found.reasonCode, 'operation', found.reason);
    case 'not-asked':
      return notNow(found.reason);
    case 'absent':
      return unknown(operation, options.settings.handlersDir, options);
  }
}

interface HandlerCall {
  readonly operation: string;
  readonly handler: JobHandler;
  readonly parameters: JsonValue;
}

function resolveHandler(call: HandlerCall, runAs: string | undefined, options: StepResolverOptions) {
  const problem = options.registry.checkParameters(call.handler, call.parameters);
  if (problem !== undefined) return parametersInvalid('parameters', problem.pointer, problem.reason);
  return withUser({ kind: 'handler', traits: traitsOfHandler(call.handler), ...call }, runAs, options);
}

interface FileCall<F> {
  readonly found: F;
  readonly operation: string;
  readonly parameters: JsonValue;
}

async function resolveModule(
  { found, ...call }: FileCall<FoundModule>,
  runAs: string | undefined,
  options: StepResolverOptions,
): Promise<Resolution> {
  found.openings.forEach(options.onOpening);
  const { path, declaration, manifest, checkParameters } = found;
  const problem = checkParameters(call.parameters) ?? manifest.checkParameters?.(call.parameters);
  if (problem !== undefined) return parametersInvalid('parameters', problem.pointer, problem.reason);
  const checked = await options.checkInModule({ path, declaration, parameters: call.parameters });
  if (checked?.kind === 'not-asked') return notNow(checked.reason);
  if (checked?.kind === 'refused') return reject(checked.reasonCode, 'operation', checked.reason);
  if (checked !== undefined) return parametersInvalid('parameters', checked.pointer, checked.reason);
  const traits = traitsOfModule(declaration, manifest.manifest);
  return withUser({ kind: 'es-module', path, declaration, traits, ...call }, runAs, options);
}

function resolveExecutable(
  { found, ...call }: FileCall<FoundExecutable>,
  runAs: string | undefined,
  options: StepResolverOptions,
) {
  found.openings.forEach(options.onOpening);
  const { checkParameters, manifest } = found.manifest;
  const problem = checkParameters?.(call.parameters);
  if (problem !== undefined) return parametersInvalid('parameters', problem.pointer, problem.reason);
  const traits = traitsOfExecutable(manifest);
  return withUser({ kind: 'executable', path: found.path, traits, ...call }, runAs, options);
}

async function tellOfShadowed(operation: string, { search, onShadowed }: StepResolverOptions): Promise<void> {
  const path = await search.shadowed(operation);
  if (path !== undefined) onShadowed({ operation, path });
}

async function resolveScript(action: ExecutableAction, options: StepResolverOptions): Promise<Resolution> {
  const { handler: operation, runAsUser, args } = action;
  const file = await options.search.script(operation, action.folder);
  if (file.kind === 'refused') {
    return reject(
      file.reasonCode,
      file.reasonCode === 'HANDLER_FOLDER_NOT_ALLOWED' ? 'folder' : 'operation',
      file.reason,
    );
  }
  if (file.kind === 'absent') return resolveStandIn(action, options);
  file.openings.forEach(options.onOpening);
  const traits = traitsOfExecutable(file.manifest.manifest); // its parameters are not these arguments
  const user = await withUser(
    { kind: 'script', operation, path: file.path, traits, args: [runAsUser, ...args] },
    runAsUser,
    options,
  );
  return user.ok ? { ok: true, step: { ...user.step, account: options.users.own } } : user;
}

/** One of our handlers in place of a script of the managed templates that is not installed. Ours needs the runner's help to change user. */
function resolveStandIn(action: ExecutableAction, options: StepResolverOptions): Promise<Resolution> | Resolution {
  const standIn = options.registry.standInFor(action.handler);
  if (standIn === undefined) return unknown(action.handler, action.folder || options.settings.handlersDir, options);
  const { handler } = standIn;
  const parameters = standIn.parametersOf(action.args) as JsonValue;
  if (typeof parameters === 'string') return parametersInvalid('args', '', parameters);
  const problem = options.registry.checkParameters(handler, parameters);
  if (problem !== undefined) return parametersInvalid('args', '', `${problem.pointer.slice(1)} ${problem.reason}`);
  const traits = traitsOfHandler(handler);
  return withUser(
    { kind: 'handler', operation: action.handler, handler, parameters, traits },
    action.runAsUser,
    options,
  );
}

type StepWithoutUser = ResolvedStep extends infer S ? (S extends ResolvedStep ? Omit<S, 'account'> : never) : never;

async function withUser(
  step: StepWithoutUser,
  name: string | undefined,
  { users, settings }: StepResolverOptions,
): Promise<Resolution> {
  const folders = [settings.stateDir, settings.runtimeDir];
  const user = await findRunUser(name, { users, runAsUsers: settings.runAsUsers, folders });
  if (user.kind === 'refused') return reject(user.reasonCode, 'user', user.reason);
  if (step.kind === 'handler' && step.handler.kind === 'inline' && user.account.uid !== users.own.uid) {
    const reason = `${step.operation} runs inside the agent and cannot run as another user`;
    return reject('USER_NOT_ALLOWED', 'user', reason);
  }
  if (step.kind === 'es-module' && step.declaration.kind === 'module') {
    const reason = await unreadableBecause(user.account, step.path);
    if (reason !== undefined) return reject('USER_CANNOT_READ', 'user', reason);
  }
  return { ok: true, step: { ...step, account: user.account } as ResolvedStep };
}

/** @param folder where a file would have been looked for. */
async function unknown(operation: string, folder: string, { registry }: StepResolverOptions): Promise<Resolution> {
  const files = await handlersNamedIn(folder);
  const nearest = registry.nearest(
    operation,
    files.map((file) => file.operation),
  );
  const program = files.find((file) => file.operation === operation + MODULE_SUFFIX)?.path;
  const guess = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const hint =
    program === undefined ? guess : `; ${program} is executable, so a program: chmod 644 ${program} makes it a module`;
  const reason = `no handler does ${operation}, and ${folder} has no file of that name${hint}`;
  const reasonCode = 'UNKNOWN_OPERATION';
  return { ok: false, problem: { verdict: 'unknown-operation', reasonCode, place: 'operation', inPlace: '', reason } };
}

function parametersInvalid(place: StepPlace, inPlace: string, reason: string): Resolution {
  return { ok: false, problem: { verdict: 'reject', reasonCode: 'PARAMETERS_INVALID', place, inPlace, reason } };
}

function notNow(reason: string): Resolution {
  const problem = {
    verdict: 'not-now',
    reasonCode: 'HANDLER_NOT_ASKED',
    place: 'operation',
    inPlace: '',
    reason,
  } as const;
  return { ok: false, problem };
}

function reject(reasonCode: string, place: StepPlace, reason: string): Resolution {
  return { ok: false, problem: { verdict: 'reject', reasonCode, place, inPlace: '', reason } };
}
