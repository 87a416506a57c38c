/** The pure functions of a handler's module, called in a process of its own. */
import { isJsonObject, type JsonValue } from '../core/json.ts';
import type { HandlerFacts, HandlerPlan, ParameterProblem } from '../handler-api.ts';
import type { AskedModule, AskModule, NotAsked } from './module-asker.ts';
import type { ModuleDeclaration } from './module-declaration.ts';
import type { StepRun } from './step-runner.ts';

export interface ModuleCall {
  readonly path: string;
  readonly declaration: ModuleDeclaration;
  readonly parameters: JsonValue;
}

type Refused = Extract<AskedModule, { kind: 'refused' }>;

/** @returns what `check` of the handler says; undefined where it has none, or nothing to say. Never rejects. */
export type CheckInModule = (
  call: ModuleCall,
) => Promise<({ readonly kind: 'problem' } & ParameterProblem) | Refused | NotAsked | undefined>;

export type CommandLine = readonly [string, ...string[]];

/** Of a handler of kind `command`. @throws Error that says why there is none. */
export type CommandOfModule = (call: ModuleCall, purpose: StepRun['purpose']) => Promise<CommandLine>;

/** Its dry run; undefined where it has none. @param workDir absolute; it need not be there. Never rejects. */
export type PlanOfModule = (
  call: ModuleCall,
  workDir: string,
) => Promise<({ readonly kind: 'plan' } & HandlerPlan) | Refused | NotAsked | undefined>;

export interface ModuleCalls {
  readonly checkInModule: CheckInModule;
  readonly commandOfModule: CommandOfModule;
  readonly planOfModule: PlanOfModule;
}

export function createModuleCalls(ask: AskModule, facts: HandlerFacts): ModuleCalls {
  return {
    async checkInModule({ path, declaration, parameters }) {
      if (!declaration.functions.includes('check')) return undefined;
      const asked = await ask(path, { ask: 'check', parameters, facts });
      if (asked.kind !== 'answered') return asked;
      return asked.value === null ? undefined : problemIn(asked.value, path);
    },
    async commandOfModule({ path, parameters }, purpose) {
      const part = ({ work: 'command', verify: 'verify', 'clean-up': 'cleanup' } as const)[purpose];
      const asked = await ask(path, { ask: 'command', part, parameters, facts });
      if (asked.kind !== 'answered') throw new Error(asked.reason);
      if (isCommandLine(asked.value)) return asked.value;
      throw new Error(`${path}: ${part} returned no argument list: expected an array of texts, the program first`);
    },
    async planOfModule({ path, declaration, parameters }, workDir) {
      if (!declaration.functions.includes('plan')) return undefined;
      const asked = await ask(path, { ask: 'plan', parameters, facts, workDir });
      if (asked.kind !== 'answered') return asked;
      const { actions, problems } = isJsonObject(asked.value) ? asked.value : {};
      if (isTextList(actions) && isTextList(problems)) return { kind: 'plan', actions, problems };
      return refused(`${path}: plan returned no { actions, problems }, both arrays of texts`);
    },
  };
}

function problemIn(value: JsonValue, path: string): Awaited<ReturnType<CheckInModule>> {
  const { pointer, reason } = isJsonObject(value) ? value : {};
  const isPlace = typeof pointer === 'string' && (pointer === '' || pointer.startsWith('/'));
  if (isPlace && typeof reason === 'string') return { kind: 'problem', pointer, reason };
  return refused(`${path}: check returned neither nothing nor { pointer, reason }`);
}

function refused(reason: string): Refused {
  return { kind: 'refused', reasonCode: 'HANDLER_MODULE_INVALID', reason };
}

function isTextList(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text: JsonValue) => typeof text === 'string');
}

/** A null byte would end a text early (execve(2)). */
function isCommandLine(value: JsonValue): value is CommandLine {
  if (!Array.isArray(value) || value.length === 0 || value[0] === '') return false;
  return value.every((word: JsonValue) => typeof word === 'string' && !word.includes('\0'));
}
