/** Everything that may happen next in a world: what is bound to happen, what may, and what may go wrong. */
import type { AgentEvent } from '../../agent/core/event.ts';
import { executionId } from '../../agent/core/job-execution.ts';
import type { FailedRun, SucceededRun } from '../../agent/core/outcome.ts';
import { type AgentState, initialState, isQuiet } from '../../agent/core/state.ts';
import type { SimulatedAnswer } from '../fixtures/service-rules.ts';
import { rememberFromDisk, Violation } from './invariants.ts';
import { changeService, serveAll } from './service-transitions.ts';
import { crashed, type Fate, FINE, nameOf, orphans, recordsOf, tell, withoutTimer } from './telling.ts';
import { type Add, nameOfRequest, RANK, type Transition, without } from './transition.ts';
import {
  type LiveRun,
  type Message,
  type Misfortune,
  type Scenario,
  SECOND_JOURNAL,
  spend,
  type World,
} from './world.ts';

type Running = World & { readonly agent: AgentState };
export function transitionsOf(scenario: Scenario, world: World): readonly Transition[] {
  const transitions: Transition[] = [];
  const add: Add = (label, make, { rank, endsByItself = false } = {}) => {
    transitions.push({ label, rank: rank ?? null, endsByItself, to: caught(make) });
  };
  changeService(scenario, world, add);
  serveAll(world, add);
  const { agent } = world;
  if (agent === null) {
    start(scenario, world, add);
    return transitions;
  }
  const running: Running = { ...world, agent };
  const telling = tellingWith(scenario, add);
  connection(running, telling);
  answers(running, telling);
  announcements(running, telling);
  endRuns(running, telling);
  fireTimers(running, telling);
  stopAgent(running, telling, add);
  return transitions;
}

function caught(make: () => World): World | Violation {
  try {
    return make();
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
}

interface Telling {
  readonly label: string;
  /** The world in which the event has happened and the agent was not told yet. */
  readonly world: Running;
  readonly event: AgentEvent;
  readonly rank?: number;
  readonly endsByItself?: boolean;
}

type Tell = (telling: Telling) => void;

/** Tells the agent, with everything that can happen between the decision and the last of its effects. */
function tellingWith(scenario: Scenario, add: Add): Tell {
  return ({ label, world, event, ...options }) => {
    add(label, () => tell(scenario, world, event, FINE), options);
    const fated = (kind: Fate['kind'], records: number, misfortune: Misfortune) => {
      const left = spend(world.left, misfortune);
      if (left === null) return;
      const fate = { kind, records } as Fate;
      add(`${label}, ${FATES[kind]} after ${records} records`, () => tell(scenario, { ...world, left }, event, fate));
    };
    // A cut before the first record is a crash before the event.
    const records = recordsOf(scenario, world.agent, event);
    for (let count = 1; count <= records; count += 1) fated('cut', count, 'crashes');
    for (let count = 0; count < records; count += 1) fated('journalFails', count, 'journalFailures');
  };
}

const FATES = { fine: '', cut: 'the agent is cut off', journalFails: 'the journal fails' } as const;

function start(scenario: Scenario, world: World, add: Add): void {
  const telling = tellingWith(scenario, add);
  const onDisk = (before: World): Running => ({
    ...before,
    // The shell ends what still runs of an earlier start before the core decides anything.
    runs: [],
    past: rememberFromDisk(before.past, before.disk),
    agent: initialState({ journalId: before.disk.journalId, bootId: 'boot' }, scenario.settings),
  });
  const started = (label: string, before: World, options: { rank?: number }) =>
    telling({
      label,
      world: onDisk(before),
      event: { type: 'journalRecovered', records: before.disk.records },
      ...options,
    });
  started('the agent starts', world, { rank: RANK.start });
  const left = spend(world.left, 'journalLosses');
  if (left !== null) {
    started(
      'the agent starts, its journal is gone',
      { ...world, left, disk: { journalId: SECOND_JOURNAL, records: [] } },
      {},
    );
  }
}

function connection(world: Running, telling: Tell): void {
  const { agent, network } = world;
  const waiting = network.find(({ requestId }) => requestId !== null);
  if (!agent.connected) {
    if (waiting === undefined) {
      telling({ label: 'connected', world, event: { type: 'connected' }, rank: RANK.connect });
    } else {
      giveUp(world, waiting, RANK.unanswered, telling);
    }
    return;
  }
  const left = spend(world.left, 'losses');
  if (left === null) return;
  telling({ label: 'disconnected', world: { ...world, left, announced: [] }, event: { type: 'disconnected' } });
  for (const message of network) if (message.requestId !== null) giveUp({ ...world, left }, message, null, telling);
}

/** No answer comes: the request is lost, or its answer is, or it is on its way still. */
function giveUp(world: Running, message: Message, rank: number | null, telling: Tell): void {
  const { requestId, request, answer } = message;
  if (requestId === null) return;
  const event = { type: 'requestUnanswered', requestId } as const;
  const network = without(world.network, message);
  const what = nameOfRequest(message);
  const lost = answer === null ? 'lost' : 'landed, its answer lost';
  telling({ label: `${what} is ${lost}`, world: { ...world, network }, event, ...(rank === null ? {} : { rank }) });
  const left = spend(world.left, 'late');
  if (left === null || !canLandLate(message)) return;
  const late: Message = { requestId: null, request, answer: null };
  telling({ label: `${what} is late`, world: { ...world, left, network: [...network, late] }, event });
}

/** What only reads may be late as it likes. */
function canLandLate({ requestId, request, answer }: Message): boolean {
  const isRead = request.operation === 'DescribeJobExecution' || request.operation === 'GetPendingJobExecutions';
  return requestId !== null && answer === null && !isRead;
}

/** Answers come in any order, and twice. */
function answers(world: Running, telling: Tell): void {
  if (!world.agent.connected) return;
  for (const message of world.network) {
    const { requestId, answer } = message;
    if (requestId === null || answer === null) continue;
    const event = answerEvent(requestId, answer);
    const what = `answer to ${nameOfRequest(message)}: ${nameOfAnswer(answer)}`;
    const network = without(world.network, message);
    const isWaitedFor = world.agent.requests[requestId] !== undefined;
    telling({ label: what, world: { ...world, network }, event, rank: RANK.answer });
    const left = spend(world.left, 'doubles');
    if (left !== null && isWaitedFor) telling({ label: `${what}, to come again`, world: { ...world, left }, event });
  }
}

function answerEvent(requestId: number, answer: SimulatedAnswer): AgentEvent {
  if (answer.kind === 'rejected') return { type: 'requestRejected', requestId, rejection: answer.rejection };
  const verdict = answer.verdict === undefined ? {} : { verdict: answer.verdict };
  return { type: 'requestAccepted', requestId, answer: answer.answer, ...verdict };
}

/** Late by as much as it takes for the next one of the topic to be published; or never. */
function announcements(world: Running, telling: Tell): void {
  for (const notification of world.announced) {
    const announced = world.announced.filter((one) => one !== notification);
    const label = `${notification.topic} is delivered`;
    telling({ label, world: { ...world, announced }, event: { type: 'notified', notification } });
  }
}

function endRuns(world: Running, telling: Tell): void {
  for (const run of world.runs) {
    const ended: Running = { ...world, runs: world.runs.filter((one) => one !== run) };
    const ends = (result: SucceededRun | FailedRun, options: Pick<Telling, 'rank'>) => {
      const label = `run ${run.runId} ${result.status}`;
      const event = { type: 'runEnded', id: run.id, runId: run.runId, result } as const;
      telling({ label, world: ended, event, endsByItself: !run.isStopped, ...options });
    };
    ends(SUCCEEDED, { rank: RANK.runEnds });
    ends(FAILED, {});
    progress(world, run, telling);
  }
}

function progress(world: Running, { id, runId, isStopped }: LiveRun, telling: Tell): void {
  const left = spend(world.left, 'progress');
  if (left === null || isStopped) return;
  const event = { type: 'runProgressed', id, runId, details: { percent: '50' } } as const;
  telling({ label: `run ${runId} tells how far it is`, world: { ...world, left }, event });
}

function fireTimers(world: Running, telling: Tell): void {
  for (const timer of world.timers) {
    const fired: Running = { ...world, timers: withoutTimer(world.timers, timer) };
    // A handler ends in time when all goes well.
    const rank = timer.name === 'stepTimeout' ? {} : { rank: timer.name === 'poll' ? RANK.poll : RANK.timer };
    telling({ label: `timer ${nameOf(timer)} fires`, world: fired, event: { type: 'timerFired', timer }, ...rank });
  }
}

function stopAgent(world: Running, telling: Tell, add: Add): void {
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
  const gone = spend(world.left, 'crashes');
  if (gone === null) return;
  add('the agent is killed', () => crashed({ ...world, left: gone }));
  if (world.runs.length > 0) add('power is lost', () => ({ ...crashed({ ...world, left: gone }), runs: [] }));
  const late = spend(gone, 'late');
  for (const message of late === null ? [] : world.network.filter(canLandLate)) {
    const orphan: Message = { ...message, requestId: null };
    const label = `the agent is killed, ${nameOfRequest(message)} is late`;
    add(label, () => ({
      ...crashed({ ...world, left: late ?? gone }),
      network: [...orphans(world.network), orphan],
    }));
  }
}

function nameOfAnswer(answer: SimulatedAnswer): string {
  if (answer.kind === 'rejected') return answer.rejection.code;
  if (!('execution' in answer.answer)) return 'accepted';
  const { execution } = answer.answer;
  return execution === null ? 'nothing' : `${executionId(execution)} ${execution.status}`;
}

const OUTPUT = { details: {}, stdoutTail: '', stderrTail: '' } as const;
const SUCCEEDED: SucceededRun = { status: 'succeeded', ...OUTPUT };
const FAILED: FailedRun = { status: 'failed', reasonCode: 'HANDLER_EXIT_CODE', message: 'exit 3', ...OUTPUT };
