/** The shell round the core, put together: journal, connection, requests, runs and the loop between them. */
import type { Logger } from 'pino';
import type { AgentEvent } from '../core/event.ts';
import type { ExecutionRecord } from '../core/execution-record.ts';
import { parseRecord } from '../core/parse-record.ts';
import { type CoreSettings, initialState, isQuiet, type ShutdownMode } from '../core/state.ts';
import type { Boot } from '../ports/boot.ts';
import type { Clock } from '../ports/clock.ts';
import { type JournalEntry, JournalError, type OpenedJournal } from '../ports/journal.ts';
import type { Transport } from '../ports/transport.ts';
import { jobsSubscriptions } from '../protocol/topics.ts';
import type { StepRunner } from '../runs/step-runner.ts';
import { faultEntry, separateFault } from './agent-fault.ts';
import { type AgentStatus, createStatusKeeper, type StatusKeeper } from './agent-status.ts';
import { logChanges } from './change-log.ts';
import { type ConnectionKeeper, createConnectionKeeper } from './connection-keeper.ts';
import { createEffectPerformer, type EffectPerformer } from './effects.ts';
import { createJobsClient, type JobsClient } from './jobs-client.ts';
import { createLoop, type Loop } from './loop.ts';
import { createStateWaiter, type StateWaiter } from './state-waiter.ts';

export interface JobsAgent {
  /**
   * Resolves when the journal's executions are taken up and connecting has begun: a connection is not waited for.
   * @throws JournalError when an entry is not one this version can read.
   */
  start(): Promise<void>;
  /** `wait` lets runs end within `shutdownGraceMs` and stops them after it; `stop` stops them now. */
  stop(mode: ShutdownMode): Promise<void>;
  status(): AgentStatus;
  /** An error that nobody expected is about to end the process: the next start tells of it. Never rejects. */
  noteFault(error: unknown): Promise<void>;
  /** What keeps the agent from working, or `null`: then whoever watches over it may be told that it lives. */
  illness(): string | null;
}

export interface JobsAgentOptions {
  readonly thingName: string;
  readonly transport: Transport;
  readonly journal: OpenedJournal;
  readonly stepRunner: StepRunner;
  /** Whether folders of executions that the journal does not know are nobody's, and may go. */
  readonly sweep: boolean;
  readonly boot: Boot;
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
  /** How long the broker may take to grant the subscriptions of a new connection. */
  readonly subscribeTimeoutMs: number;
  /** Between TERM and KILL. */
  readonly stopGraceMs: number;
  readonly shutdownGraceMs: number;
}

/** At shutdown, for the last answers of the service. What is not told by then is told after the next start. */
const LAST_REPORTS_MS = 5_000;
/** An event that is in hand this long means that the disk hangs. */
const STUCK_MS = 30_000;

export function createJobsAgent(options: JobsAgentOptions): JobsAgent {
  const { clock, log, settings } = options;
  const { journal } = options.journal;
  const parts = createParts(options);
  const { loop, effects, keeper, client, statusKeeper, waiter } = parts;

  async function shutDown(mode: ShutdownMode, limitMs: number): Promise<void> {
    loop.dispatch({ type: 'shutdownRequested', mode });
    await loop.settled();
    await waiter.until(isQuiet, limitMs);
  }

  return {
    start: () => start(options, parts),
    async stop(mode) {
      if (mode === 'wait') await shutDown('wait', settings.shutdownGraceMs);
      await shutDown('stop', settings.stopGraceMs + LAST_REPORTS_MS);
      await keeper.stop();
      client.detach();
      effects.stop();
      await loop.settled();
      await effects.cleanedUp();
      await journal.close();
      log.debug({}, 'journal closed');
    },
    noteFault: parts.noteFault,
    status: () => statusKeeper.status(loop.state(), keeper.status(), client.oddities.counts()),
    illness() {
      const since = loop.busySinceMs();
      if (since !== null && clock.monotonicMs() - since > STUCK_MS) return 'the event loop hangs on the journal';
      if (!loop.state().journalUsable) return 'the journal cannot be written';
      const fault = loop.fault();
      return fault === null ? null : `a fault of the agent itself: ${fault}`;
    },
  };
}

interface Parts {
  readonly client: JobsClient;
  readonly effects: EffectPerformer;
  readonly loop: Loop;
  readonly keeper: ConnectionKeeper;
  readonly statusKeeper: StatusKeeper;
  readonly waiter: StateWaiter;
  readonly noteFault: JobsAgent['noteFault'];
}

/** The parts, each told of the others it speaks to; nothing is started yet. */
function createParts(options: JobsAgentOptions): Parts {
  const { boot, clock, log, settings, thingName } = options;
  const { journal } = options.journal;
  const dispatch = (event: AgentEvent) => loop.dispatch(event);
  async function noteFault(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    try {
      await journal.append(faultEntry({ message, atMs: clock.wallMs(), isTold: false }));
    } catch (err) {
      log.error({ err }, 'a fault of the agent could not be journaled');
    }
  }
  const statusKeeper = createStatusKeeper(clock);
  const waiter = createStateWaiter(() => loop.state(), clock);
  const client = createJobsClient({
    ...options,
    requestTimeoutMs: settings.requestTimeoutMs,
    onNotification: (notification) => dispatch({ type: 'notified', notification }),
  });
  const effects = createEffectPerformer({
    ...options,
    client,
    stopGraceMs: settings.stopGraceMs,
    boot,
    dispatch,
    isOpen: (id) => loop.state().executions[id] !== undefined,
    onCleanUpFailed: (err) => log.warn({ err }, 'folders of a closed execution could not be removed'),
  });
  const loop = createLoop({
    initial: initialState({ journalId: journal.journalId, bootId: boot.bootId }, settings.core),
    append: (record) => journal.append({ id: record.id, finished: record.phase === 'closed', body: record }),
    perform: effects.perform,
    onFault: (error) => void noteFault(error),
    onChange(before, after) {
      logChanges(before, after, options.executionLogger);
      statusKeeper.changed(before, after);
      waiter.changed();
    },
    monotonicMs: clock.monotonicMs,
    log,
  });
  const keeper = createConnectionKeeper({
    ...options,
    subscriptions: jobsSubscriptions(thingName),
    subscribeTimeoutMs: settings.subscribeTimeoutMs,
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
  return { client, effects, loop, keeper, statusKeeper, waiter, noteFault };
}

/** What an earlier process left running is ended before the journal's executions are taken up. */
async function start(
  { log, stepRunner, settings, journal: { journal, recovered }, sweep }: JobsAgentOptions,
  { loop, keeper }: Parts,
): Promise<void> {
  const { executions, fault } = separateFault(recovered.entries);
  const records = executions.map(readRecord);
  const leftovers = await stepRunner.endLeftovers(settings.stopGraceMs);
  if (leftovers.length > 0) log.warn({ runs: leftovers.length }, 'runs of an earlier agent process were ended');
  if (recovered.status === 'lost') log.error({ reason: recovered.reason }, 'journal lost: started with a new one');
  const isNews = fault !== null && !fault.isTold;
  loop.dispatch({ type: 'journalRecovered', records, ...(isNews ? { fault: fault.message } : {}) });
  await loop.settled();
  if (isNews) {
    log.error(
      { reason: fault.message, at: new Date(fault.atMs).toISOString() },
      'agent before this one ended by an error of its own',
    );
    await journal
      .append(faultEntry({ ...fault, isTold: true }))
      .catch((err) => log.warn({ err }, 'it may be told again'));
  }
  if (sweep) await stepRunner.sweep(Object.keys(loop.state().executions));
  keeper.start();
}

/** I2: an execution that was begun by a later version would be begun once more by one that passes over its entry. */
function readRecord({ id, body }: JournalEntry): ExecutionRecord {
  const record = parseRecord(body);
  if (record !== null) return record;
  const message = `the journal's entry of ${id} cannot be read; it was written by a later version of the agent: install that one again`;
  throw new JournalError('JOURNAL_TOO_NEW', message);
}
