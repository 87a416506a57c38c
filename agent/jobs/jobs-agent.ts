/** The shell round the core, put together: journal, connection, requests, runs and the loop between them. */
import type { Logger } from 'pino';
import type { AgentEvent } from '../core/event.ts';
import { parseRecord } from '../core/execution-record.ts';
import { type AgentState, type CoreSettings, initialState, isQuiet, type ShutdownMode } from '../core/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { OpenedJournal } from '../ports/journal.ts';
import type { Transport } from '../ports/transport.ts';
import { jobsSubscriptions } from '../protocol/topics.ts';
import { type AgentStatus, createStatusKeeper } from './agent-status.ts';
import { logChanges } from './change-log.ts';
import { createConnectionKeeper } from './connection-keeper.ts';
import { createEffectPerformer } from './effects.ts';
import { createJobsClient } from './jobs-client.ts';
import { createLoop } from './loop.ts';
import type { StepRunner } from './step-runner.ts';

export interface JobsAgent {
  /** Resolves when the journal's executions are taken up and connecting has begun: a connection is not waited for. */
  start(): Promise<void>;
  /** `wait` lets runs end within `shutdownGraceMs` and stops them after it; `stop` stops them now. */
  stop(mode: ShutdownMode): Promise<void>;
  status(): AgentStatus;
  /** What keeps the agent from working, or `null`: then whoever watches over it may be told that it lives. */
  illness(): string | null;
}

export interface JobsAgentOptions {
  readonly thingName: string;
  readonly transport: Transport;
  readonly journal: OpenedJournal;
  readonly stepRunner: StepRunner;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newToken: () => string;
  readonly log: Logger;
  /** A child logger for one execution. */
  readonly executionLogger: (execution: { readonly jobId: string; readonly executionNumber: number }) => Logger;
  readonly settings: JobsAgentSettings;
}

export interface JobsAgentSettings {
  readonly core: CoreSettings;
  readonly requestTimeoutMs: number;
  /** Between TERM and KILL. */
  readonly stopGraceMs: number;
  readonly shutdownGraceMs: number;
}

/** At shutdown, for the last answers of the service. What is not told by then is told after the next start. */
const LAST_REPORTS_MS = 5_000;
/** An event that is in hand this long means that the disk hangs. */
const STUCK_MS = 30_000;

export function createJobsAgent(options: JobsAgentOptions): JobsAgent {
  const { clock, random, log, settings, stepRunner } = options;
  const { journal, recovered } = options.journal;
  const statusKeeper = createStatusKeeper(clock);
  const waiters = new Set<() => void>();

  const client = createJobsClient({
    thingName: options.thingName,
    clock,
    random,
    newToken: options.newToken,
    requestTimeoutMs: settings.requestTimeoutMs,
    log,
    onNotification: (notification) => dispatch({ type: 'notified', notification }),
  });
  const effects = createEffectPerformer({
    client,
    stepRunner,
    clock,
    random,
    stopGraceMs: settings.stopGraceMs,
    dispatch: (event) => dispatch(event),
    isOpen: (id) => loop.state().executions[id] !== undefined,
    onCleanUpFailed: (error) => log.warn({ err: error }, 'folders of a closed execution could not be removed'),
  });
  const loop = createLoop({
    initial: initialState(journal.journalId, settings.core),
    append: (record) => journal.append({ id: record.id, finished: record.phase === 'closed', body: record }),
    perform: effects.perform,
    onChange,
    monotonicMs: clock.monotonicMs,
    log,
  });
  const keeper = createConnectionKeeper({
    transport: options.transport,
    subscriptions: jobsSubscriptions(options.thingName),
    clock,
    random,
    log,
    onMessage: client.handleMessage,
    onConnected(connection) {
      client.attach(connection);
      dispatch({ type: 'connected' });
    },
    onDisconnected() {
      dispatch({ type: 'disconnected' });
      client.detach();
    },
  });

  function dispatch(event: AgentEvent): void {
    loop.dispatch(event);
  }

  function onChange(before: AgentState, after: AgentState): void {
    logChanges(before, after, options.executionLogger);
    statusKeeper.changed(before, after);
    for (const check of [...waiters]) check();
  }

  /** Resolves when the state is as wished, or after `limitMs`, whichever comes first. */
  function until(isWished: (state: AgentState) => boolean, limitMs: number): Promise<void> {
    if (isWished(loop.state())) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        waiters.delete(check);
        timer.cancel();
        resolve();
      };
      const check = () => isWished(loop.state()) && done();
      const timer = clock.setTimer(limitMs, done);
      waiters.add(check);
    });
  }

  return {
    async start() {
      const leftovers = await stepRunner.endLeftovers(settings.stopGraceMs);
      if (leftovers.length > 0) log.warn({ runs: leftovers.length }, 'runs of an earlier agent process were ended');
      if (recovered.status === 'lost') log.error({ reason: recovered.reason }, 'journal lost: started with a new one');
      const records = recovered.entries.map(({ body }) => parseRecord(body)).filter((record) => record !== null);
      dispatch({ type: 'journalRecovered', records });
      await loop.settled();
      keeper.start();
    },
    async stop(mode) {
      dispatch({ type: 'shutdownRequested', mode });
      await loop.settled();
      if (mode === 'wait') await until(isQuiet, settings.shutdownGraceMs);
      dispatch({ type: 'shutdownRequested', mode: 'stop' });
      await loop.settled();
      await until(isQuiet, settings.stopGraceMs + LAST_REPORTS_MS);
      await keeper.stop();
      client.detach();
      effects.stop();
      await loop.settled();
      await journal.close();
    },
    status: () => statusKeeper.status(loop.state(), keeper.status(), client.oddities.counts()),
    illness() {
      const since = loop.busySinceMs();
      if (since !== null && clock.monotonicMs() - since > STUCK_MS) return 'the event loop hangs on the journal';
      return loop.state().journalUsable ? null : 'the journal cannot be written';
    },
  };
}
