/**
 * The agent in this process, on the real MQTT transport with real sockets and TLS, with a journal in memory, handlers
 * that end as soon as they have started, and time that passes when nothing else can happen.
 */
import { pino } from 'pino';
import { createMqttTransport } from '../../agent/adapters/transport/mqtt.ts';
import { createJobsAgent, type JobsAgent } from '../../agent/jobs/jobs-agent.ts';
import type { OpenedJournal } from '../../agent/ports/journal.ts';
import type { Connection, Transport, TransportOptions } from '../../agent/ports/transport.ts';
import type { StepRunner } from '../../agent/runs/step-runner.ts';
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts';
import { createMemoryJournal } from '../fakes/memory-journal.ts';
import { createScriptedStepRunner, type ScriptedStep } from '../fakes/scripted-step-runner.ts';
import { SETTINGS } from '../fixtures/core-states.ts';
import { promisesSettled } from '../fixtures/log-lines.ts';
import { type Bell, createBell } from './bell.ts';

export interface Gateway {
  readonly agent: JobsAgent;
  readonly clock: ManualClock;
  /** Rings when the link or a run has changed; others may ring it too. */
  readonly bell: Bell;
  /** When it began to connect, each time, on its own clock. */
  readonly attempts: readonly number[];
  /** How long it waited, on its own clock, each time it had lost a connection or could not make one. */
  readonly waits: readonly number[];
  /** Why connections could not be made or ended, in order. */
  readonly losses: readonly string[];
  /** The job of each run, in order. */
  readonly runs: readonly string[];
  /** Messages of level error: there is to be none. */
  readonly errors: readonly string[];
  /** Lets things happen until `isDone`. @returns whether it came to that. */
  drive(isDone: () => boolean, limits?: DriveLimits): Promise<boolean>;
  stop(): Promise<void>;
}

export interface DriveLimits {
  /** So long nothing must have happened before time is made to pass while connected. */
  readonly idleMs?: number;
  /** It is given up after so many real milliseconds. */
  readonly limitMs?: number;
}

export interface GatewayOptions extends Pick<TransportOptions, 'port' | 'certPem' | 'keyPem' | 'caPem'> {
  readonly thingName: string;
  readonly host?: string;
  readonly keepAliveSeconds?: number;
  readonly connectTimeoutMs?: number;
  readonly random?: () => number;
  /** One in memory unless given. */
  readonly journal?: OpenedJournal;
  /** What a step does once it runs; it succeeds at once unless given. */
  readonly onRun?: (step: ScriptedStep) => void;
}

/** While connected: the longest piece of time that passes at once. */
const STRIDE_MS = 1_000;
const ERROR = 50;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const clock = createManualClock();
  const bell = createBell();
  const link = watchLink(createMqttTransport(transportOptions(options)), clock, bell);
  const runs: string[] = [];
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => noteError(line, errors) });
  let tokens = 0;
  const agent = createJobsAgent({
    thingName: options.thingName,
    transport: link.transport,
    journal: options.journal ?? (await createMemoryJournal().open()),
    stepRunner: watchRuns(options.onRun ?? ((step) => step.end()), runs, bell),
    sweep: false,
    boot: { bootId: 'boot-1', reboot: async () => {}, powerOff: async () => {} },
    clock,
    random: options.random ?? (() => 0.5),
    newToken: () => `token-${String(++tokens).padStart(6, '0')}`, // of one length, so that a byte is always the same byte
    log,
    executionLogger: () => log,
    settings: {
      core: SETTINGS,
      requestTimeoutMs: 10_000,
      subscribeTimeoutMs: 30_000,
      stopGraceMs: 10_000,
      shutdownGraceMs: 60_000,
    },
  });
  await agent.start();
  return {
    agent,
    clock,
    bell,
    runs,
    errors,
    attempts: link.attempts,
    waits: link.waits,
    losses: link.losses,
    drive: (isDone, limits) => drive({ clock, bell, isDone, isDown: () => !link.isBusy() }, limits),
    async stop() {
      let isStopped = false;
      const stopped = agent.stop('stop').finally(() => {
        isStopped = true;
        bell.ring();
      });
      await drive({ clock, bell, isDone: () => isStopped, isDown: () => false }, {});
      await stopped;
    },
  };
}

function transportOptions(options: GatewayOptions): TransportOptions {
  const { thingName, host = 'localhost', keepAliveSeconds = 60, connectTimeoutMs = 30_000 } = options;
  const { port, certPem, keyPem, caPem } = options;
  return { host, port, clientId: thingName, certPem, keyPem, caPem, keepAliveSeconds, connectTimeoutMs };
}

function noteError(line: string, errors: string[]): void {
  const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: { message: string } };
  if (level >= ERROR) errors.push(err === undefined ? msg : `${msg}: ${err.message}`);
}

interface WatchedLink {
  readonly transport: Transport;
  readonly attempts: readonly number[];
  readonly waits: readonly number[];
  readonly losses: readonly string[];
  /** Connected, or on the way. */
  isBusy(): boolean;
}

function watchLink(transport: Transport, clock: ManualClock, bell: Bell): WatchedLink {
  const attempts: number[] = [];
  const waits: number[] = [];
  const losses: string[] = [];
  let busy = 0;
  let lostAtMs: number | undefined;
  function over(reason: unknown): void {
    busy -= 1;
    lostAtMs = clock.monotonicMs();
    losses.push(String((reason as { code?: unknown }).code));
    bell.ring();
  }
  async function connect(events: Parameters<Transport['connect']>[0]): Promise<Connection> {
    const nowMs = clock.monotonicMs();
    attempts.push(nowMs);
    if (lostAtMs !== undefined) waits.push(nowMs - lostAtMs);
    busy += 1;
    try {
      const connection = await transport.connect({
        onMessage(topic, payload) {
          events.onMessage(topic, payload);
          bell.ring();
        },
        onClosed(reason) {
          events.onClosed(reason);
          over(reason);
        },
      });
      bell.ring();
      return connection;
    } catch (error) {
      over(error);
      throw error;
    }
  }
  return { transport: { name: transport.name, connect }, attempts, waits, losses, isBusy: () => busy > 0 };
}

function watchRuns(onRun: (step: ScriptedStep) => void, runs: string[], bell: Bell): StepRunner {
  const scripted = createScriptedStepRunner();
  return {
    ...scripted,
    start(run) {
      const running = scripted.start(run);
      const step = scripted.runs.at(-1);
      runs.push(run.execution.jobId);
      if (step !== undefined) onRun(step);
      void running.ended.then(bell.ring);
      return running;
    },
  };
}

interface Drive {
  readonly clock: ManualClock;
  readonly bell: Bell;
  readonly isDone: () => boolean;
  readonly isDown: () => boolean;
}

/**
 * Time passes at once while there is no connection and none on the way, for then nobody else can do anything; while
 * there is one, only after a silence.
 */
async function drive({ clock, bell, isDone, isDown }: Drive, limits: DriveLimits = {}): Promise<boolean> {
  const { idleMs = 50, limitMs = 20_000 } = limits;
  const givenUpMs = performance.now() + limitMs;
  for (;;) {
    await promisesSettled();
    if (isDone()) return true;
    if (performance.now() > givenUpMs) return false;
    if (isDown() || !(await bell.next(idleMs))) clock.advance(Math.min(clock.nextTimerInMs() ?? STRIDE_MS, STRIDE_MS));
  }
}
