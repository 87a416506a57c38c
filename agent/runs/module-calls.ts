/** The pure functions of a handler's module, called in a process of its own. */
import { isJsonObject, type JsonValue } from '../core/json.ts';
import type { HandlerFacts, ParameterProblem } from '../handler-api.ts';
import type { AskedModule, AskModule } from './module-asker.ts';
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
) => Promise<({ readonly kind: 'problem' } & ParameterProblem) | Refused | undefined>;

export type CommandLine = readonly [string, ...string[]];

/** Of a handler of kind `command`. @throws Error that says why there is none. */
export type CommandOfModule = (call: ModuleCall, purpose: StepRun['purpose']) => Promise<CommandLine>;

export function createModuleCalls(
  ask: AskModule,
  facts: HandlerFacts,
): { readonly checkInModule: CheckInModule; readonly commandOfModule: CommandOfModule } {
  return {
    async checkInModule({ path, declaration, parameters }) {
      if (!declaration.functions.includes('check')) return undefined;
      const asked = await ask(path, { ask: 'check', parameters, facts });
      if (asked.kind === 'refused') return asked;
      return asked.value === null ? undefined : problemIn(asked.value, path);
    },
    async commandOfModule({ path, parameters }, purpose) {
      const part = ({ work: 'command', verify: 'verify', 'clean-up': 'cleanup' } as const)[purpose];
      const asked = await ask(path, { ask: 'command', part, parameters, facts });
      if (asked.kind === 'refused') throw new Error(asked.reason);
      if (isCommandLine(asked.value)) return asked.value;
      throw new Error(`${path}: ${part} returned no argument list: expected an array of texts, the program first`);
    },
  };
}

function problemIn(value: JsonValue, path: string): Awaited<ReturnType<CheckInModule>> {
  const { pointer, reason } = isJsonObject(value) ? value : {};
  const isPlace = typeof pointer === 'string' && (pointer === '' || pointer.startsWith('/'));
  if (isPlace && typeof reason === 'string') return { kind: 'problem', pointer, reason };
  const fault = `${path}: check returned neither nothing nor { pointer, reason }`;
  return { kind: 'refused', reasonCode: 'HANDLER_MODULE_INVALID', reason: fault };
}

/** A null byte would end a text early (execve(2)). */
function isCommandLine(value: JsonValue): value is CommandLine {
  if (!Array.isArray(value) || value.length === 0 || value[0] === '') return false;
  return value.every((word: JsonValue) => typeof word === 'string' && !word.includes('\0'));
}
