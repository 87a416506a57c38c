/** Starts and stops the unit of an application, and looks at what became of it. */
import { setTimeout as wait } from 'node:timers/promises';
import { type HandlerContext, lastLines, runProgram } from '../../agent/handler-api.ts';
import { describeState, readUnitStates, SystemdError, systemctl, type UnitState } from '../services/unit-state.ts';
import { ApplicationError } from './application.ts';

/** The SDK's jobs agent waited as long (`startupTimout`). */
export const STAY_UP_SECONDS = 20;
/** How often it is looked at: one that was started anew in between has another invocation id. */
const WATCH_INTERVAL_MS = 1000;

/** @throws SystemdError where systemd does not run the gateway. */
export async function requireSystemd(signal: AbortSignal): Promise<void> {
  await systemctl(['show', '--property=Version'], signal);
}

export async function unitState(unit: string, signal: AbortSignal): Promise<UnitState> {
  const [state] = await readUnitStates([unit], signal);
  if (state === undefined) throw new Error(`systemctl says nothing of ${unit}`);
  return state;
}

export function isUp({ activeState }: UnitState): boolean {
  return activeState === 'active' || activeState === 'reloading';
}

export interface Start {
  readonly context: Pick<HandlerContext, 'signal' | 'progress'>;
  readonly unit: string;
  readonly action: 'start' | 'restart';
  readonly stayUpSeconds?: number | undefined;
}

/** Resolves with the state of the unit when it has stayed up, or has ended well. @throws ApplicationError, SystemdError */
export async function startApplication({
  context,
  unit,
  action,
  stayUpSeconds = STAY_UP_SECONDS,
}: Start): Promise<UnitState> {
  const { signal, progress } = context;
  progress({ state: 'starting, checking stability' });
  try {
    await systemctl([action, '--', unit], signal);
  } catch (error) {
    if (!(error instanceof SystemdError) || error.code === 'SYSTEMD_NOT_AVAILABLE') throw error;
    throw await notStarted(unit, error.message);
  }
  const first = await unitState(unit, signal);
  const end = performance.now() + stayUpSeconds * 1000;
  for (let state = first; ; state = await unitState(unit, signal)) {
    if (state.activeState === 'inactive' && state.result === 'success') return state;
    const isSameRun = state.invocationId === first.invocationId && state.restarts === first.restarts;
    if (!isUp(state) || !isSameRun) {
      await systemctl(['stop', '--', unit], signal); // or it is tried again every few seconds
      throw await notStarted(unit, `did not stay up: ${describeState(state)}, ${state.result}`);
    }
    const leftMs = end - performance.now();
    if (leftMs <= 0) return state;
    await wait(Math.min(WATCH_INTERVAL_MS, leftMs), undefined, { signal });
  }
}

/** @throws ApplicationError, SystemdError */
export async function stopApplication(unit: string, signal: AbortSignal): Promise<UnitState> {
  await systemctl(['stop', '--', unit], signal);
  const state = await unitState(unit, signal);
  if (!isUp(state)) return state;
  throw new ApplicationError('APPLICATION_NOT_STOPPED', 'ERR_UNABLE_TO_STOP_PACKAGE', describeState(state));
}

async function notStarted(unit: string, reason: string): Promise<ApplicationError> {
  const said = await lastWords(unit);
  const message = said === '' ? reason : `${reason}; its last lines: ${said}`;
  return new ApplicationError('APPLICATION_NOT_STARTED', 'ERR_UNABLE_TO_START_PACKAGE', message);
}

/** What it printed last, from the journal of systemd (not what systemd says of it); nothing where that cannot be read. */
async function lastWords(unit: string): Promise<string> {
  const argv = [
    'journalctl',
    `_SYSTEMD_UNIT=${unit}`,
    '--boot',
    '--lines=3',
    '--output=cat',
    '--no-pager',
    '--quiet',
  ] as const;
  const { exitCode, stdout } = await runProgram([...argv], { signal: AbortSignal.timeout(LAST_WORDS_MS) });
  return exitCode === 0 ? lastLines(stdout, 3) : '';
}

const LAST_WORDS_MS = 5000;
