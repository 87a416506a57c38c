/** What systemd says of units, by `systemctl show`. */
import { lastLines, NOT_FOUND, type ProgramResult, runProgram } from '../../agent/handler-api.ts';

export interface UnitState {
  /** As the document names it. */
  readonly name: string;
  /** Properties of org.freedesktop.systemd1(5). */
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  readonly unitFileState: string;
  /** How the last run ended: `success`, `exit-code`, `signal` and others. */
  readonly result: string;
  /** Automatic restarts since the unit was started by hand. */
  readonly restarts: string;
  /** Another each time the unit is started, by whomever. */
  readonly invocationId: string;
}

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'NRestarts',
  'InvocationID',
] as const;

/** systemctl could not do it. Its message is for the operator. */
export class SystemdError extends Error {
  override readonly name = 'SystemdError';
  readonly code: 'SYSTEMD_NOT_AVAILABLE' | 'SERVICE_ACTION_FAILED';
  constructor(code: SystemdError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws SystemdError when there is no systemd, or it says no. */
export async function systemctl(args: readonly string[], signal: AbortSignal): Promise<string> {
  const result = await runProgram(['systemctl', '--no-pager', '--no-ask-password', ...args], { signal });
  signal.throwIfAborted();
  if (result.exitCode === 0) return result.stdout;
  throw new SystemdError(codeOf(result), `systemctl ${args[0]}: ${explanationOf(result)}`);
}

/** sd_booted(3): without systemd as process 1, systemctl says so and does nothing. */
function codeOf({ exitCode, stderr }: ProgramResult): SystemdError['code'] {
  const isAbsent = exitCode === NOT_FOUND || /not been booted with systemd|Failed to connect to bus/i.test(stderr);
  return isAbsent ? 'SYSTEMD_NOT_AVAILABLE' : 'SERVICE_ACTION_FAILED';
}

function explanationOf({ exitCode, stderr }: ProgramResult): string {
  return lastLines(stderr, 4) || `exit code ${exitCode}`;
}

/** In the order of `names`. @throws SystemdError */
export async function readUnitStates(names: readonly string[], signal: AbortSignal): Promise<readonly UnitState[]> {
  const text = await systemctl(['show', `--property=${PROPERTIES.join(',')}`, '--', ...names], signal);
  const blocks = text.trim().split(/\n{2,}/);
  return names.map((name, index) => unitState(name, blocks[index] ?? ''));
}

/** A block of `Name=value` lines; a unit has only those that its type knows. */
function unitState(name: string, block: string): UnitState {
  const values = new Map(
    block.split('\n').map((line) => {
      const end = line.indexOf('=');
      return [line.slice(0, end), line.slice(end + 1)] as const;
    }),
  );
  const value = (property: (typeof PROPERTIES)[number]) => values.get(property) ?? '';
  return {
    name,
    loadState: value('LoadState'),
    activeState: value('ActiveState'),
    subState: value('SubState'),
    unitFileState: value('UnitFileState'),
    result: value('Result'),
    restarts: value('NRestarts'),
    invocationId: value('InvocationID'),
  };
}

/** `a active (running), b failed (failed)`: for status details. */
export function describeStates(states: readonly UnitState[]): string {
  return states.map(describeState).join(', ');
}

export function describeState({ name, activeState, subState, unitFileState }: UnitState): string {
  const startsAtBoot = unitFileState === '' ? '' : `, ${unitFileState}`;
  return `${name} ${activeState} (${subState}${startsAtBoot})`;
}
