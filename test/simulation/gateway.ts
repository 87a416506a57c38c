/**
 * The machine: its power, its disk, its handlers, and the agent on it, which somebody starts again whenever it ends and
 * watches over (as systemd does with the unit we ship).
 */

import type { RebootHow } from '../../agent/core/outcome.ts';
import type { ShutdownMode } from '../../agent/core/state.ts';
import { createJobsAgent, type JobsAgent, type JobsAgentOptions } from '../../agent/jobs/jobs-agent.ts';
import { createLogger, executionLogger } from '../../agent/log.ts';
import type { Boot } from '../../agent/ports/boot.ts';
import { JournalError, type OpenedJournal } from '../../agent/ports/journal.ts';
import type { Draw } from './draw.ts';
import type { History, ProcessEnd } from './history.ts';
import { createLife, type Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import { THING_NAME } from './simulated-cloud.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedHandlers } from './simulated-handlers.ts';
import type { SimulatedLink } from './simulated-link.ts';
import type { WorldSettings } from './world-settings.ts';

export interface Gateway {
  powerOn(): void;
  /** Off, and on again after `offMs`. */
  cutPower(offMs: number): void;
  killAgent(): void;
  /** At its n-th call of a port from now, before or after it is done: killed, or the power goes for `offMs`. */
  doom(calls: number, isDone: boolean, offMs: number | null): void;
  shutDown(mode: ShutdownMode): void;
  /** The wall clock alone, as NTP sets it. */
  setWallClock(wallMs: number): void;
  /** Of the process that runs, if one does. */
  readonly agent: JobsAgent | null;
  readonly life: Life | null;
  /** For the last time: nobody starts it again. */
  retire(): void;
}

export interface GatewayOptions {
  readonly scheduler: Scheduler;
  readonly draw: Draw;
  readonly history: History;
  readonly settings: WorldSettings;
  readonly link: SimulatedLink;
  readonly disk: SimulatedDisk;
  readonly handlers: SimulatedHandlers;
  /** What is wrong with this agent. */
  readonly sabotage: Sabotage;
}

/** Puts a fault between the agent and the world. */
export type Sabotage = (options: JobsAgentOptions) => JobsAgentOptions;

/** As in our unit: RestartSec=, TimeoutStopSec=, WatchdogSec= and how often it is fed. */
const RESTART_MS = 5_000;
const STOP_LIMIT_MS = 90_000;
const WATCHDOG_MS = 60_000;
const FEED_MS = 20_000;

export function createGateway(options: GatewayOptions): Gateway {
  const { scheduler, history, link, disk, handlers, draw } = options;
  let life: Life | null = null;
  let agent: JobsAgent | null = null;
  let lives = 0;
  let boots = 0;
  let isPowered = false;
  let isRetired = false;
  let wallOffsetMs = Date.UTC(2026, 0, 1);
  let tokens = 0;
  let doomed: { offMs: number | null } = { offMs: null };
  /** The machine shuts down, as the agent asked: it goes off when the agent has ended. */
  let isGoingDown = false;
  /** And this long is it off then. */
  let offMs = 0;

  function startAgent(): void {
    if (!isPowered || life !== null || isRetired) return;
    lives += 1;
    const born = createLife({
      number: lives,
      scheduler,
      wallMs: () => wallOffsetMs + scheduler.nowMs(),
      onDoom: () => (doomed.offMs === null ? endProcess('killed') : cutPower(doomed.offMs)),
    });
    life = born;
    history.note({ what: 'process started', life: born.number, boot: boots });
    disk.open(born).then(
      (journal) => runAgent(born, journal),
      (error: unknown) => endProcess(error instanceof JournalError ? 'exit 74' : 'refused'),
    );
  }

  function runAgent(born: Life, journal: OpenedJournal): void {
    const newToken = () => {
      tokens += 1;
      return `token-${tokens}`;
    };
    const boot: Boot = {
      bootId: `boot-${boots}`,
      reboot: () => born.wait(() => endBoot(born, 'restart')),
      powerOff: () => born.wait(() => endBoot(born, 'power-off')),
    };
    agent = build(options, { life: born, journal, boot, newToken });
    agent.start().catch((error: unknown) => {
      history.note({ what: 'ill', life: born.number, illness: `did not start: ${String(error)}` });
      if (born.isAlive) endProcess('refused');
    });
    watch(born, agent, 0);
  }

  /** @param illMs for how long it has not been fed. */
  function watch(born: Life, watched: JobsAgent, illMs: number): void {
    born.after(FEED_MS, () => {
      const illness = watched.illness();
      if (illness !== null) history.note({ what: 'ill', life: born.number, illness });
      if (illMs >= WATCHDOG_MS) endProcess('watchdog');
      else watch(born, watched, illness === null ? 0 : illMs + FEED_MS);
    });
  }

  function endProcess(how: ProcessEnd): void {
    const ended = life;
    if (ended === null) return;
    ended.die();
    life = null;
    agent = null;
    history.note({ what: 'process ended', life: ended.number, how, timersLeft: how === 'stopped' ? ended.timers : 0 });
    link.cut('CLOSED_BY_BROKER');
    disk.abandoned();
    if (isGoingDown) cutPower(offMs);
    else scheduler.after(RESTART_MS, startAgent);
  }

  /** Mostly it is done: the agent is stopped first, and then everything. It may be refused, or never come. */
  function endBoot(asking: Life, how: RebootHow): Promise<void> {
    history.note({ what: 'restart asked', how, life: asking.number, runsAlive: handlers.runsAlive.length });
    const fate = draw.weighted({ done: 85, refused: 10, forgotten: 5 });
    return new Promise((resolve, reject) => {
      asking.after(draw.spread(10, 1_000), () => {
        if (fate === 'refused') reject(new Error('the simulated system refuses'));
        else resolve();
      });
      if (fate === 'done') scheduler.after(draw.spread(1_000, 5_000), () => goDown(how));
    });
  }

  function goDown(how: RebootHow): void {
    if (!isPowered || isGoingDown) return;
    isGoingDown = true;
    // Whoever powered it off switches it on again, sooner or later.
    offMs = how === 'restart' ? draw.spread(5_000, 120_000) : draw.spread(10_000, 3_600_000);
    if (agent === null) endOrCut();
    else shutDown(draw.pick(['wait', 'stop']));
  }

  function endOrCut(): void {
    if (life === null) cutPower(offMs);
    else endProcess('killed');
  }

  function cutPower(forMs: number): void {
    if (!isPowered) return;
    isPowered = false;
    isGoingDown = false;
    endProcess('power');
    handlers.powerLost();
    scheduler.after(forMs, powerOn);
  }

  function powerOn(): void {
    if (isPowered) return;
    isPowered = true;
    boots += 1;
    startAgent();
  }

  function shutDown(mode: ShutdownMode): void {
    const stopped = life;
    if (stopped === null || agent === null) return;
    agent.stop(mode).then(
      () => stopped.isAlive && endProcess('stopped'),
      (error: unknown) => {
        history.note({ what: 'ill', life: stopped.number, illness: `did not stop: ${String(error)}` });
        if (stopped.isAlive) endProcess('faulty stop');
      },
    );
    stopped.after(STOP_LIMIT_MS, () => endProcess('timed out'));
  }

  return {
    powerOn,
    cutPower,
    killAgent: () => endProcess('killed'),
    doom(calls, isDone, offMs) {
      doomed = { offMs };
      life?.doom(calls, isDone);
    },
    shutDown,
    setWallClock(wallMs) {
      wallOffsetMs = wallMs - scheduler.nowMs();
    },
    get agent() {
      return agent;
    },
    get life() {
      return life;
    },
    retire() {
      isRetired = true;
    },
  };
}

interface Process {
  readonly life: Life;
  readonly journal: OpenedJournal;
  readonly boot: Boot;
  readonly newToken: () => string;
}

function build(options: GatewayOptions, { life, journal, boot, newToken }: Process): JobsAgent {
  const { draw, history, settings, link, handlers, sabotage } = options;
  const log = createLogger({
    level: settings.logLevel,
    pretty: false,
    destination: { write: (line) => history.note({ what: 'log', life: life.number, line: withoutTime(line) }) },
  });
  const agentOptions: JobsAgentOptions = {
    thingName: THING_NAME,
    boot,
    transport: link.transport(life),
    journal,
    stepRunner: handlers.stepRunner(life),
    sweep: true,
    clock: life.clock,
    random: draw.next,
    newToken,
    log,
    executionLogger: (execution) => executionLogger(log, execution),
    settings: settings.agent,
  };
  return createJobsAgent(sabotage(agentOptions));
}

/** The log's times are the real world's, and would differ from one replay to the next. */
function withoutTime(line: string): string {
  return line.replace(/"time":"[^"]*",/, '').trimEnd();
}
