/** What may happen on the machine: handlers end, timers fire, the agent ends, power is lost, the machine restarts. */
import type { TimerName } from '../../agent/core/effect.ts';
import type { RunResult } from '../../agent/core/outcome.ts';
import { isQuiet } from '../../agent/core/state.ts';
import { endOf } from './past.ts';
import { crashed, nameOf, orphans, poweredOff, poweredOffLying, withoutTimer } from './telling.ts';
import type { Running, Tell, Telling } from './tellings.ts';
import { type Add, canLandLate, nameOfRequest, RANK } from './transition.ts';
import {
  type LiveRun,
  type Message,
  type Misfortune,
  type Misfortunes,
  type RunEnd,
  spend,
  type World,
} from './world.ts';

export function endRuns(world: Running, telling: Tell): void {
  for (const run of world.runs) {
    endRun(world, run, telling);
    progress(world, run, telling);
  }
}

function endRun(world: Running, run: LiveRun, telling: Tell): void {
  const { id, runId, purpose, isStopped } = run;
  const ends = (result: RunResult, left: Misfortunes | null, options: Pick<Telling, 'rank'> = {}) => {
    if (left === null) return;
    const ended: Running = { ...world, left, runs: world.runs.filter((one) => one !== run) };
    const event = { type: 'runEnded', id, runId, result } as const;
    telling({
      label: `${nameOfRun(run)} ${ENDS[endOf(result)]}`,
      world: ended,
      event,
      endsByItself: !isStopped,
      ...options,
    });
  };
  ends(SUCCEEDED, world.left, { rank: RANK.runEnds });
  ends(FAILED, world.left);
  if (purpose === 'condition') ends(SKIPPED, world.left);
  // What a clean-up says changes nothing, and a condition asks for nothing.
  if (purpose === 'clean-up' || purpose === 'condition') return;
  ends(LATER, spend(world.left, 'laters'));
  ends(REBOOT, spend(world.left, 'reboots'));
  ends(POWER_OFF, spend(world.left, 'powerOffs'));
}

function progress(world: Running, run: LiveRun, telling: Tell): void {
  const { id, runId, isStopped } = run;
  const left = spend(world.left, 'progress');
  if (left === null || isStopped) return;
  const event = { type: 'runProgressed', id, runId, details: { percent: '50' } } as const;
  telling({ label: `${nameOfRun(run)} tells how far it is`, world: { ...world, left }, event });
}

export function fireTimers(world: Running, telling: Tell): void {
  for (const timer of world.timers) {
    const bound = BOUNDED_TIMERS[timer.name];
    const left = bound === undefined ? world.left : spend(world.left, bound);
    if (left === null) continue;
    const fired: Running = { ...world, left, timers: withoutTimer(world.timers, timer) };
    const rank = rankOf(timer);
    const event = { type: 'timerFired', timer } as const;
    telling({ label: `timer ${nameOf(timer)} fires`, world: fired, event, ...(rank === null ? {} : { rank }) });
  }
}

const BOUNDED_TIMERS: Partial<Record<TimerName['name'], Misfortune>> = {
  heartbeat: 'heartbeats',
  jobTimeout: 'limits',
  documentTimeout: 'limits',
  poll: 'polls',
};

/** When all goes well a handler ends in time, and nothing depends on a heartbeat. */
function rankOf({ name }: TimerName): number | null {
  if (name === 'stepTimeout' || name === 'jobTimeout' || name === 'documentTimeout' || name === 'heartbeat')
    return null;
  return name === 'poll' ? RANK.poll : RANK.timer;
}

/** The restart that was asked for: it comes, it cannot be had, or it never comes. Before it does, the agent is asked to end. */
export function rebootMachine(world: World, telling: Tell, add: Add): void {
  const { agent, machine } = world;
  if (machine.reboot === 'none') return;
  add('the machine restarts', () => poweredOff(world), { rank: RANK.reboot });
  if (agent !== null && agent.shutdown === null && machine.reboot === 'asked') {
    const event = { type: 'shutdownRequested', mode: 'stop' } as const;
    telling({ label: 'the machine goes down: shutdown', world: { ...world, agent }, event });
  }
  const left = spend(world.left, 'rebootFailures');
  if (left === null) return;
  const without: World = { ...world, left, machine: { ...machine, reboot: 'none' } };
  add('the restart will never come', () => without);
  if (agent === null || machine.reboot !== 'asked') return;
  const event = { type: 'rebootFailed', message: 'refused' } as const;
  telling({ label: 'the restart is refused', world: { ...without, agent }, event });
}

export function stopAgent(world: Running, telling: Tell, add: Add): void {
  const { agent } = world;
  // A dead journal is an operator's case: the disk is mended and the agent started again.
  const mayEnd = (agent.shutdown !== null || !agent.journalUsable) && isQuiet(agent);
  if (mayEnd) add('the agent ends', () => crashed(world), { rank: RANK.exit });
  const left = spend(world.left, 'shutdowns');
  if (left !== null && agent.shutdown !== 'stop') {
    for (const mode of ['wait', 'stop'] as const) {
      telling({ label: `shutdown: ${mode}`, world: { ...world, left }, event: { type: 'shutdownRequested', mode } });
    }
  }
  killAgent(world, add);
  const lied = spend(world.left, 'lies');
  if (lied === null) return;
  for (let count = 1; count <= world.disk.replaced.length; count += 1) {
    add(`power is lost, and ${count} records that were written`, () =>
      poweredOffLying({ ...world, left: lied }, count),
    );
  }
}

function killAgent(world: Running, add: Add): void {
  const left = spend(world.left, 'crashes');
  if (left === null) return;
  add('the agent is killed', () => crashed({ ...world, left }));
  add('power is lost', () => poweredOff({ ...world, left }));
  const late = spend(left, 'late');
  for (const message of late === null ? [] : world.network.filter(canLandLate)) {
    const orphan: Message = { ...message, requestId: null };
    const label = `the agent is killed, ${nameOfRequest(message)} is late`;
    add(label, () => ({ ...crashed({ ...world, left: late ?? left }), network: [...orphans(world.network), orphan] }));
  }
}

function nameOfRun({ runId, purpose }: LiveRun): string {
  return `${purpose === 'work' ? 'run' : `${purpose} run`} ${runId}`;
}

const ENDS: Record<RunEnd, string> = {
  succeeded: 'succeeds',
  skipped: 'says that it is to be skipped',
  failed: 'fails',
  rejected: 'rejects',
  later: 'asks to be tried later',
  reboot: 'asks for a restart',
  'power-off': 'asks for a power-off',
  stopped: 'is stopped',
};

const OUTPUT = { details: {}, stdoutTail: '', stderrTail: '' } as const;
const SUCCEEDED: RunResult = { status: 'succeeded', ...OUTPUT };
const SKIPPED: RunResult = { status: 'skipped', ...OUTPUT };
const FAILED: RunResult = { status: 'failed', reasonCode: 'HANDLER_EXIT_CODE', message: 'exit 3', ...OUTPUT };
const LATER: RunResult = { status: 'later', afterMs: null, message: 'busy', ...OUTPUT };
const REBOOT: RunResult = { status: 'reboot', how: 'restart', ...OUTPUT };
const POWER_OFF: RunResult = { status: 'reboot', how: 'power-off', ...OUTPUT };
