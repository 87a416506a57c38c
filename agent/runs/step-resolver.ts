/** From a planned step to what would run here, or why nothing can. Asked when a job is reviewed, and again at its start. */
import type { ExecutableAction, OperationAction, PlannedStep } from '../core/job-plan.ts';
import type { JsonValue } from '../core/json.ts';
import type { Opening } from '../files/openings.ts';
import type { JobHandler } from '../handler-api.ts';
import type { UserAccount, UserDatabase } from '../ports/user-database.ts';
import { type ExecutableFolders, findExecutable } from './executable-handler.ts';
import type { HandlerRegistry } from './handler-registry.ts';
import { findRunUser } from './run-user.ts';

export type ResolvedStep = {
  /** The operation, or the file name of the executable. */
  readonly operation: string;
  /** Who runs it. For `script`: the agent, because such a script changes user itself. */
  readonly account: UserAccount;
} & (
  | { readonly kind: 'handler'; readonly handler: JobHandler; readonly parameters: JsonValue }
  /** An executable called from a native document: parameters come as JSON on stdin. */
  | { readonly kind: 'executable'; readonly path: string; readonly parameters: JsonValue }
  /** An executable called as the AWS IoT Device Client calls its handlers. */
  | { readonly kind: 'script'; readonly path: string; readonly args: readonly string[] }
);

export interface StepProblem {
  readonly verdict: 'reject' | 'unknown-operation';
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
  readonly users: UserDatabase;
  readonly settings: ExecutableFolders & {
    readonly runAsUsers: readonly string[];
    readonly stateDir: string;
    readonly runtimeDir: string;
  };
  /** Called for a folder by which a group could replace an executable that may run; again each time it is seen. */
  readonly onOpening: (opening: Opening) => void;
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
  const handler = options.registry.find(operation);
  if (handler !== undefined) {
    const problem = options.registry.checkParameters(handler, parameters);
    if (problem !== undefined) return parametersInvalid('parameters', problem.pointer, problem.reason);
    return withUser({ kind: 'handler', operation, handler, parameters }, runAs, options);
  }
  const file = await findExecutable({ name: operation, folder: '' }, options.settings);
  if (file.kind === 'refused') return reject(file.reasonCode, 'operation', file.reason);
  if (file.kind === 'absent') return unknown(operation, options);
  file.openings.forEach(options.onOpening);
  return withUser({ kind: 'executable', operation, path: file.path, parameters }, runAs, options);
}

async function resolveScript(action: ExecutableAction, options: StepResolverOptions): Promise<Resolution> {
  const { handler: operation, runAsUser, args } = action;
  const file = await findExecutable({ name: operation, folder: action.folder }, options.settings);
  if (file.kind === 'refused') {
    return reject(
      file.reasonCode,
      file.reasonCode === 'HANDLER_FOLDER_NOT_ALLOWED' ? 'folder' : 'operation',
      file.reason,
    );
  }
  if (file.kind === 'absent') return resolveStandIn(action, options);
  file.openings.forEach(options.onOpening);
  const user = await withUser(
    { kind: 'script', operation, path: file.path, args: [runAsUser, ...args] },
    runAsUser,
    options,
  );
  return user.ok ? { ok: true, step: { ...user.step, account: options.users.own } } : user;
}

/** One of our handlers in place of a script of the managed templates that is not installed. Ours needs the runner's help to change user. */
function resolveStandIn(action: ExecutableAction, options: StepResolverOptions): Promise<Resolution> | Resolution {
  const standIn = options.registry.standInFor(action.handler);
  if (standIn === undefined) return unknown(action.handler, options);
  const { handler } = standIn;
  const parameters = standIn.parametersOf(action.args) as JsonValue;
  if (typeof parameters === 'string') return parametersInvalid('args', '', parameters);
  const problem = options.registry.checkParameters(handler, parameters);
  if (problem !== undefined) return parametersInvalid('args', '', `${problem.pointer.slice(1)} ${problem.reason}`);
  return withUser({ kind: 'handler', operation: action.handler, handler, parameters }, action.runAsUser, options);
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
  return { ok: true, step: { ...step, account: user.account } as ResolvedStep };
}

function unknown(operation: string, { registry, settings }: StepResolverOptions): Resolution {
  const nearest = registry.nearest(operation);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const reason = `no handler does ${operation}, and ${settings.handlersDir} has no file of that name${hint}`;
  const reasonCode = 'UNKNOWN_OPERATION';
  return { ok: false, problem: { verdict: 'unknown-operation', reasonCode, place: 'operation', inPlace: '', reason } };
}

function parametersInvalid(place: StepPlace, inPlace: string, reason: string): Resolution {
  return { ok: false, problem: { verdict: 'reject', reasonCode: 'PARAMETERS_INVALID', place, inPlace, reason } };
}

function reject(reasonCode: string, place: StepPlace, reason: string): Resolution {
  return { ok: false, problem: { verdict: 'reject', reasonCode, place, inPlace: '', reason } };
}
