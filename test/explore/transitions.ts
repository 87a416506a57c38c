/** Everything that may happen next in a world: what is bound to happen, what may, and what may go wrong. */
import type { AgentEvent } from '../../agent/core/event.ts';
import { executionId } from '../../agent/core/job-execution.ts';
import { initialState } from '../../agent/core/state.ts';
import type { SimulatedAnswer } from '../fixtures/service-rules.ts';
import { endRuns, fireTimers, rebootMachine, stopAgent } from './machine-transitions.ts';
import { forgotten } from './past.ts';
import { changeService, serveAll } from './service-transitions.ts';
import { type Running, type Tell, tellingWith } from './tellings.ts';
import { type Add, canLandLate, nameOfRequest, RANK, type Transition, without } from './transition.ts';
import { Violation } from './violation.ts';
import { bootIdOf, type Message, type Scenario, SECOND_JOURNAL, spend, type World } from './world.ts';

export function transitionsOf(scenario: Scenario, world: World): readonly Transition[] {
  const transitions: Transition[] = [];
  const add: Add = (label, make, { rank, endsByItself = false } = {}) => {
    transitions.push({ label, rank: rank ?? null, endsByItself, to: caught(make) });
  };
  changeService(scenario, world, add);
  serveAll(world, add);
  const { agent } = world;
  const telling = tellingWith(scenario, add);
  rebootMachine(world, telling, add);
  if (agent === null) {
    start(scenario, world, telling);
    return transitions;
  }
  const running: Running = { ...world, agent };
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

function start(scenario: Scenario, world: World, telling: Tell): void {
  const onDisk = (before: World): Running => ({
    ...before,
    // The shell ends what still runs of an earlier start before the core decides anything.
    runs: [],
    past: forgotten(before.past),
    agent: initialState({ journalId: before.disk.journalId, bootId: bootIdOf(before.machine) }, scenario.settings),
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
      { ...world, left, disk: { journalId: SECOND_JOURNAL, records: [], replaced: [] } },
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
  const left = spend(world.left, 'hints');
  for (const notification of left === null ? [] : world.announced) {
    const announced = world.announced.filter((one) => one !== notification);
    const label = `${notification.topic} is delivered`;
    telling({
      label,
      world: { ...world, announced, left: left ?? world.left },
      event: { type: 'notified', notification },
    });
  }
}

function nameOfAnswer(answer: SimulatedAnswer): string {
  if (answer.kind === 'rejected') return answer.rejection.code;
  if (!('execution' in answer.answer)) return 'accepted';
  const { execution } = answer.answer;
  return execution === null ? 'nothing' : `${executionId(execution)} ${execution.status}`;
}
