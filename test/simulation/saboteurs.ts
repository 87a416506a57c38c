/** The agent with one fault each: what the simulation is worth shows in whether it finds them. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { RunResult } from '../../agent/core/outcome.ts';
import type { JobsAgentOptions } from '../../agent/jobs/jobs-agent.ts';
import type { Clock } from '../../agent/ports/clock.ts';
import type { Connection, Transport } from '../../agent/ports/transport.ts';
import type { RunningStep, StepRun, StepRunner } from '../../agent/runs/step-runner.ts';
import type { CheckName } from './check.ts';
import type { Sabotage } from './gateway.ts';
import { CANARY } from './job-script.ts';

/** Each is to be found by the check it stands at, whatever else is wrong as well. */
export const SABOTEURS: Readonly<Record<CheckName, readonly (readonly [fault: string, sabotage: Sabotage])[]>> = {
  C1: [
    ['a handler is started twice', withSteps(startsTwice)],
    ['whatever was interrupted runs again', withSteps(declaresAll({ onInterrupted: 'rerun' }))],
    [
      'a rollback that was interrupted runs again',
      withRecovered((body) =>
        isEnding(body) && body.phase === 'running' ? { ...body, onInterrupted: 'rerun' } : body,
      ),
    ],
  ],
  C2: [['reports never arrive', withPublish((body) => (isReport(body) ? null : body))]],
  C3: [
    ['updates are not guarded', withPublish(({ expectedVersion: _, ...body }) => body)],
    [
      'a failure is told as another',
      withPublish((body) => (body.status === 'FAILED' ? { ...body, status: 'REJECTED' } : body)),
    ],
    ['the end of a run is kept from the journal', withSteps(keepsEnd)],
  ],
  C4: [['a record counts before it is on the disk', acknowledgesEarly]],
  C5: [['a stop stops nothing', withSteps(ignoresStop)]],
  // The journal here is a fake of ours: forged histories show that its check finds what it should.
  C6: [],
  C7: [['every end is a success', withSteps(alwaysSucceeds)]],
  C8: [['folders stay', withSteps((runner) => ({ ...runner, cleanUp: async () => undefined }))]],
  C9: [
    ['whatever is asked for is allowed', withSteps(approvesAll)],
    ['nothing needs to run alone', withSteps(declaresAll({ exclusive: false }))],
  ],
  C10: [['a handler’s secrets are logged', withSteps(logsSecrets)]],
  C11: [['time flies', (options) => ({ ...options, clock: hurried(options.clock) })]],
  C12: [['a handler that cannot start is a fault of the agent', withSteps(throwsAtStart)]],
  C13: [['chance is always small', (options) => ({ ...options, random: () => 0 })]],
  C14: [['every thing is ours', (options) => ({ ...options, transport: takesForOurs(options.transport) })]],
  C15: [
    ['rollbacks are not known', withDocument((document) => withoutRollbacks(document))],
    ['another step is rolled back', withDocument((document) => withOtherRollbacks(document))],
    [
      'after a restart nothing can be rolled back',
      withRecovered((body) => ({ ...body, ending: { ...endingOf(body), undoable: [] } })),
    ],
    [
      'after a restart everything can be rolled back',
      withRecovered((body) => ({ ...body, ending: { ...endingOf(body), undoable: [0, 1, 2] } })),
    ],
  ],
  C16: [
    ['what always runs is not known', withDocument(({ finally: _, ...document }) => document)],
    [
      'after a restart nothing is owed',
      withRecovered((body) => ({ ...body, ending: { ...endingOf(body), state: 'none' } })),
    ],
  ],
  C17: [
    [
      'the last step is told to have failed',
      withPublish((body) => (isReport(body) ? { ...body, statusDetails: { ...detailsOf(body), step: 'last' } } : body)),
    ],
    [
      'what was rolled back is not told',
      withPublish((body) => {
        const { rolledBack: _, ...statusDetails } = detailsOf(body);
        return isReport(body) ? { ...body, statusDetails } : body;
      }),
    ],
    [
      'after a restart the failure is forgotten',
      withRecovered((body) => ({ ...body, ending: { ...endingOf(body), failure: null } })),
    ],
  ],
};

type Body = Readonly<Record<string, unknown>>;

function withSteps(change: (runner: StepRunner, options: JobsAgentOptions) => StepRunner): Sabotage {
  return (options) => ({ ...options, stepRunner: change(options.stepRunner, options) });
}

/** @param change what is sent instead; `null`: nothing is. */
function withPublish(change: (body: Body) => Body | null): Sabotage {
  return (options) => ({
    ...options,
    transport: withConnection(options.transport, (connection) => ({
      ...connection,
      async publish(topic, payload, qos) {
        const body = topic.endsWith('/update') ? change(JSON.parse(payload)) : JSON.parse(payload);
        if (body !== null) await connection.publish(topic, JSON.stringify(body), qos);
      },
    })),
  });
}

function withConnection(transport: Transport, change: (connection: Connection) => Connection): Transport {
  return { ...transport, connect: async (events) => change(await transport.connect(events)) };
}

/** The journal gives back what it never took. */
function withRecovered(change: (body: JsonObject) => JsonObject): Sabotage {
  return (options) => {
    const { journal, recovered } = options.journal;
    const entries = recovered.entries.map((entry) => {
      return entry.body.ending === undefined ? entry : { ...entry, body: change(entry.body) };
    });
    return { ...options, journal: { journal, recovered: { ...recovered, entries } } };
  };
}

function endingOf({ ending }: JsonObject): JsonObject {
  return ending as JsonObject;
}

/** What comes after the work has begun. */
function isEnding(body: JsonObject): boolean {
  return endingOf(body).state === 'begun';
}

function detailsOf({ statusDetails }: Body): Record<string, unknown> {
  return { ...(statusDetails as Record<string, unknown> | undefined) };
}

/** Job documents arrive otherwise than they were sent. */
function withDocument(change: (document: Record<string, unknown>) => Record<string, unknown>): Sabotage {
  return (options) => ({
    ...options,
    transport: {
      ...options.transport,
      connect: ({ onMessage, onClosed }) =>
        options.transport.connect({
          onClosed,
          onMessage: (topic, payload) => onMessage(topic, withChanged(payload, change)),
        }),
    },
  });
}

function withChanged(
  payload: Uint8Array,
  change: (document: Record<string, unknown>) => Record<string, unknown>,
): Uint8Array {
  const text = new TextDecoder().decode(payload);
  if (!text.includes('"finally"') && !text.includes('"rollback"')) return payload;
  try {
    const answer = JSON.parse(text, (name, value) => (name === 'jobDocument' ? change(value) : value));
    return new TextEncoder().encode(JSON.stringify(answer));
  } catch {
    return payload; // garbled on its way
  }
}

type Steps = readonly (Record<string, unknown> & { readonly rollback?: unknown })[];

function withoutRollbacks(document: Record<string, unknown>): Record<string, unknown> {
  const steps = document.steps as Steps | undefined;
  return { ...document, steps: steps?.map(({ rollback: _, ...step }) => step) };
}

/** Each has that of the one after it. */
function withOtherRollbacks(document: Record<string, unknown>): Record<string, unknown> {
  const steps = (document.steps as Steps | undefined) ?? [];
  const rollbacks = steps.map(({ rollback }) => rollback);
  return {
    ...document,
    steps: steps.map(({ rollback: _, ...step }, at) => {
      const rollback = rollbacks[(at + 1) % steps.length];
      return rollback === undefined ? step : { ...step, rollback };
    }),
  };
}

function isReport({ status }: Body): boolean {
  return status !== 'IN_PROGRESS';
}

function startsTwice(runner: StepRunner): StepRunner {
  return {
    ...runner,
    start(run) {
      const first = runner.start(run);
      runner.start({ ...run, runId: `${run.runId}.again` });
      return first;
    },
  };
}

type Declared = { readonly onInterrupted?: 'rerun'; readonly exclusive?: false };

function declaresAll(declared: Declared): (runner: StepRunner) => StepRunner {
  return (runner) => ({
    ...runner,
    async review(plan) {
      const review = await runner.review(plan);
      if (review.verdict !== 'run') return review;
      return { ...review, steps: review.steps.map((facts) => ({ ...facts, ...declared })) };
    },
  });
}

function keepsEnd(runner: StepRunner): StepRunner {
  return {
    ...runner,
    start: (run) =>
      changed(
        runner.start(run),
        (result) =>
          new Promise((resolve) => {
            if (result.status !== 'succeeded') resolve(result);
          }),
      ),
  };
}

function changed(running: RunningStep, change: (result: RunResult) => Promise<RunResult>): RunningStep {
  return { ...running, ended: running.ended.then(change) };
}

function acknowledgesEarly(options: JobsAgentOptions): JobsAgentOptions {
  const { journal, recovered } = options.journal;
  const append: typeof journal.append = async (entry) => {
    journal.append(entry).catch(() => undefined);
  };
  return { ...options, journal: { recovered, journal: { ...journal, append } } };
}

function ignoresStop(runner: StepRunner): StepRunner {
  return { ...runner, start: (run) => ({ ...runner.start(run), stop: async () => undefined }) };
}

function alwaysSucceeds(runner: StepRunner): StepRunner {
  return {
    ...runner,
    start: (run) => changed(runner.start(run), async (result) => ({ ...result, status: 'succeeded' })),
  };
}

function approvesAll(runner: StepRunner): StepRunner {
  return {
    ...runner,
    async review(plan) {
      const review = await runner.review(plan);
      if (review.verdict === 'run') return review;
      const facts = { operation: 'any', timeoutMs: null, exclusive: false, verifies: false, cleansUp: false };
      return { verdict: 'run', steps: plan.steps.map(() => ({ ...facts, onInterrupted: 'fail' })) };
    },
  };
}

function logsSecrets(runner: StepRunner, { log }: JobsAgentOptions): StepRunner {
  return {
    ...runner,
    start(run: StepRun) {
      log.info({ key: CANARY }, 'step begins');
      return runner.start(run);
    },
  };
}

function throwsAtStart(runner: StepRunner): StepRunner {
  return {
    ...runner,
    start() {
      throw new Error('no such program');
    },
  };
}

function hurried(clock: Clock): Clock {
  return { ...clock, setTimer: (delayMs, due) => clock.setTimer(delayMs / 100, due) };
}

function takesForOurs(transport: Transport): Transport {
  return {
    ...transport,
    connect: ({ onMessage, onClosed }) =>
      transport.connect({
        onClosed,
        onMessage: (topic, payload) => onMessage(topic.replace('/gateway-2/', '/gateway-1/'), payload),
      }),
  };
}
