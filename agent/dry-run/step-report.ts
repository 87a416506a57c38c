/** What one step would do: who does it, with what, as whom, by which rules, and what its handler says beforehand. */
import { findProgram } from '../adapters/process/program.ts';
import { describeCondition } from '../core/condition.ts';
import type { PlannedRetries, PlannedStep } from '../core/job-plan.ts';
import type { JsonValue } from '../core/json.ts';
import { redactSecrets } from '../core/redact.ts';
import type { ReviewedStep } from '../core/state.ts';
import { HANDLER_PATH, type HandlerFacts, type HandlerPlan, type OnInterrupted } from '../handler-api.ts';
import type { JsonSchema } from '../reference/json-schema.ts';
import { evaluateCondition } from '../runs/evaluate-condition.ts';
import type { HandlerFinder } from '../runs/handler-finder.ts';
import type { ResolvedStep } from '../runs/step-resolver.ts';
import { HIDDEN, hasHidden, withoutSecrets } from './hide-secrets.ts';
import { type FileReport, fileReport } from './machine.ts';

export interface StepReport {
  readonly name: string;
  /** Where it stands in the document, as a JSON pointer. */
  readonly pointer: string;
  /** What it is for, where that is not the work of the job: `rollback`, `finally`. */
  readonly role?: string;
  /** Why a job with it would be REJECTED; the rest is absent then. */
  readonly refused?: string;
  /** Absent where it runs whatever is so. */
  readonly runIf?: ConditionReport;
  readonly handler?: HandlerReport;
  /** As the document has it, or its handler. */
  readonly rules?: StepRules;
  /** Without secrets; of a script its arguments. */
  readonly parameters?: JsonValue;
  /** What its handler says it would do; absent where it cannot tell. */
  readonly actions?: readonly string[];
  /** What would make it fail as things are. */
  readonly problems: readonly string[];
}

export interface ConditionReport {
  /** In words. */
  readonly condition: string;
  /** As things are now: a step before it may change that. Null where it cannot be told. */
  readonly holds: boolean | null;
}

export interface HandlerReport {
  readonly operation: string;
  readonly kind: 'inline' | 'command' | 'module' | 'executable';
  /** Null for what is built in. */
  readonly file: FileReport | null;
  /** Null where it is not known before it runs. */
  readonly command: readonly string[] | null;
  readonly user: string;
}

export interface StepRules {
  /** Null for none. */
  readonly timeoutSeconds: number | null;
  readonly onInterrupted: OnInterrupted;
  readonly exclusive: boolean;
  readonly ignoreFailure: boolean;
  readonly retries: PlannedRetries | null;
  readonly verifies: boolean;
  readonly cleansUp: boolean;
}

export interface StepReportOptions {
  readonly finder: HandlerFinder;
  readonly facts: HandlerFacts;
  /** As the core would have it; absent where the job would be REJECTED. */
  readonly reviewed: ReviewedStep | undefined;
  /** Where it would work; it is not there. */
  readonly workDir: string;
}

/** Handlers promise to tell within a few seconds. */
const PLAN_LIMIT_MS = 10_000;

export async function stepReport(step: PlannedStep, options: StepReportOptions): Promise<StepReport> {
  const place = { name: step.name, pointer: step.pointer, ...roleOf(step) };
  const resolution = await options.finder.resolve(step);
  if (!resolution.ok) return { ...place, refused: resolution.problem.reason, problems: [] };
  const condition = await conditionReport(step, options);
  const report = await resolvedReport(step, resolution.step, options);
  // What keeps a step from working is no problem where it is passed by.
  const isPassedBy = condition.runIf?.holds === false;
  const problems = [...condition.problems, ...(isPassedBy ? [] : report.problems)];
  return { ...place, ...(condition.runIf && { runIf: condition.runIf }), ...report, problems };
}

function roleOf(step: PlannedStep): Pick<StepReport, 'role'> {
  const role = 'role' in step ? step.role : undefined;
  return typeof role === 'string' ? { role } : {};
}

async function conditionReport(
  { runIf }: PlannedStep,
  { facts: { agentVersion } }: StepReportOptions,
): Promise<{ readonly runIf?: ConditionReport; readonly problems: readonly string[] }> {
  if (runIf === undefined) return { problems: [] };
  const condition = describeCondition(runIf);
  try {
    const holds = await evaluateCondition(runIf, { agentVersion, signal: AbortSignal.timeout(PLAN_LIMIT_MS) });
    return { runIf: { condition, holds }, problems: [] };
  } catch (error) {
    const reason = `whether it is to run here cannot be told: ${(error as Error).message}`;
    return { runIf: { condition, holds: null }, problems: [reason] };
  }
}

async function resolvedReport(
  step: PlannedStep,
  resolved: ResolvedStep,
  options: StepReportOptions,
): Promise<Omit<StepReport, 'name' | 'pointer' | 'role' | 'runIf'>> {
  const told = await planOf(resolved, options).catch((error: Error) => ({
    problems: [`its dry run failed: ${error.message}`],
  }));
  const command = await commandOf(resolved, options).catch((error: Error) => error);
  const parameters = await shownParameters(resolved, options);
  return {
    handler: {
      operation: resolved.operation,
      kind: kindOf(resolved),
      file: 'path' in resolved ? await fileReport(resolved.path) : null,
      command: command instanceof Error ? null : shownCommand(command, parameters),
      user: userOf(step, resolved),
    },
    rules: rulesOf(step, resolved, options.reviewed),
    parameters,
    ...told,
    problems: [...told.problems, ...commandProblems(command, options.workDir)],
  };
}

function kindOf(step: ResolvedStep): HandlerReport['kind'] {
  if (step.kind === 'handler') return step.handler.kind;
  return step.kind === 'es-module' ? step.declaration.kind : 'executable';
}

function rulesOf(
  { timeoutSeconds, ignoreFailure, retries }: PlannedStep,
  { traits }: ResolvedStep,
  reviewed: ReviewedStep | undefined,
): StepRules {
  const { onInterrupted, exclusive, verifies, cleansUp } = traits;
  const ownLimit = timeoutSeconds ?? traits.timeoutSeconds;
  const limit = reviewed === undefined || reviewed.timeoutMs === null ? ownLimit : reviewed.timeoutMs / 1_000;
  return {
    timeoutSeconds: limit,
    onInterrupted,
    exclusive,
    ignoreFailure,
    retries: retries ?? null,
    verifies,
    cleansUp,
  };
}

/** A script of the Device Client's is started as the agent's user and changes user itself. */
function userOf({ action }: PlannedStep, { kind, account }: ResolvedStep): string {
  const asked = action.kind === 'executable' ? action.runAsUser : '';
  return kind === 'script' && asked !== '' ? `${account.name}; it is told to change to ${asked} itself` : account.name;
}

async function shownParameters(step: ResolvedStep, { finder }: StepReportOptions): Promise<JsonValue> {
  if (step.kind === 'script') return step.args.map(redactSecrets);
  return withoutSecrets(step.parameters, ((await schemaOf(step, finder)) ?? {}) as JsonSchema);
}

async function schemaOf(step: Exclude<ResolvedStep, { kind: 'script' }>, { list }: HandlerFinder) {
  if (step.kind === 'handler') return step.handler.parameters;
  if (step.kind === 'es-module') return step.declaration.parameters;
  return (await list()).find(({ operation }) => operation === step.operation)?.parameters;
}

async function commandOf(step: ResolvedStep, { finder, facts }: StepReportOptions): Promise<readonly string[] | null> {
  if (step.kind === 'script') return [step.path, ...step.args.map(redactSecrets)];
  if (step.kind === 'executable') return [step.path];
  if (step.kind === 'es-module') {
    if (step.declaration.kind !== 'command') return null;
    return (await finder.commandOfModule(step, 'work')).map(redactSecrets);
  }
  const { handler, parameters } = step;
  return handler.kind === 'command' ? handler.command(parameters, facts).map(redactSecrets) : null;
}

/** What is hidden among the parameters may be any of the arguments. */
function shownCommand(command: readonly string[] | null, parameters: JsonValue): readonly string[] | null {
  const [program, ...args] = command ?? [];
  return program !== undefined && args.length > 0 && hasHidden(parameters) ? [program, HIDDEN] : command;
}

function commandProblems(command: readonly string[] | null | Error, workDir: string): readonly string[] {
  if (command instanceof Error) return [`its command line cannot be told: ${command.message}`];
  const [program] = command ?? [];
  if (program === undefined) return [];
  const found = findProgram(program, workDir, HANDLER_PATH);
  return found.kind === 'program' ? [] : [found.message];
}

async function planOf(
  step: ResolvedStep,
  options: StepReportOptions,
): Promise<Partial<HandlerPlan> & { problems: readonly string[] }> {
  const { finder, facts, workDir } = options;
  if (step.kind === 'handler') {
    const { handler, parameters } = step;
    if (handler.plan === undefined) return { problems: [] };
    const signal = AbortSignal.timeout(PLAN_LIMIT_MS);
    const tooLate = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`it did not tell within ${PLAN_LIMIT_MS / 1_000} s`)));
    });
    return redacted(await Promise.race([handler.plan(parameters, { facts, workDir, signal }), tooLate]));
  }
  const told = step.kind === 'es-module' ? await finder.planOfModule(step, workDir) : undefined;
  if (told !== undefined && told.kind !== 'plan') throw new Error(told.reason);
  return told === undefined ? { problems: [] } : redacted(told);
}

function redacted({ actions, problems }: HandlerPlan): HandlerPlan {
  return { actions: actions.map(redactSecrets), problems: problems.map(redactSecrets) };
}
