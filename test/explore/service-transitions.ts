/** What the service and its operators may do next: take what was sent, queue, cancel, delete, time out, refuse. */
import type { RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import {
  deleted,
  type Executions,
  endedByService,
  notificationsOf,
  outOfTime,
  pending,
  type SimulatedAnswer,
  type SimulatedExecution,
  serveRequest,
} from '../fixtures/service-rules.ts';
import { type Add, nameOfRequest, RANK, replaced, without } from './transition.ts';
import { type Message, type Scenario, spend, type World, withNextJob } from './world.ts';

export function changeService(scenario: Scenario, world: World, add: Add): void {
  const more = withNextJob(world.cloud, scenario);
  if (more !== world.cloud) add('another job is queued', () => announce({ ...world, cloud: more }, world.cloud));
  for (const execution of pending(world.cloud)) endOne(world, execution, add);
}

function endOne(world: World, { id, jobId, status, secondsLeft }: SimulatedExecution, add: Add): void {
  const becomes = (how: string, cloud: Executions, left: World['left'] | null) => {
    if (left !== null) add(`${jobId} is ${how}`, () => announce({ ...world, left, cloud }, world.cloud));
  };
  const left = spend(world.left, 'serviceEnds');
  becomes('cancelled', endedByService(world.cloud, id, 'CANCELED'), left);
  becomes('deleted', deleted(world.cloud, id), left);
  if (status !== 'IN_PROGRESS') return;
  const isOutOfTime = secondsLeft === 0;
  if (secondsLeft !== null && !isOutOfTime) becomes('out of time', outOfTime(world.cloud, id), left);
  const timedOut = endedByService(world.cloud, id, 'TIMED_OUT');
  becomes('timed out by the service', timedOut, isOutOfTime ? world.left : left);
}

/** `notify` when the list of what is pending changes, `notify-next` when its head does. */
function announce(world: World, before: Executions): World {
  if (world.agent?.connected !== true || world.left.hints === 0) return world;
  const ids = (cloud: Executions) => pending(cloud).map(({ id }) => id);
  const [was, is] = [ids(before), ids(world.cloud)];
  const [notify, next] = notificationsOf(world.cloud);
  const changed = [
    ...([...was].sort().join() === [...is].sort().join() ? [] : [notify]),
    ...(was[0] === is[0] ? [] : [next]),
  ];
  const older = world.announced.filter(({ topic }) => changed.every((one) => one.topic !== topic));
  return { ...world, announced: [...older, ...changed].sort((a, b) => (a.topic < b.topic ? -1 : 1)) };
}

/** The service takes requests of one connection in their order, and late ones whenever they come. */
export function serveAll(world: World, add: Add): void {
  const first = world.network.findIndex(({ requestId, answer }) => requestId !== null && answer === null);
  world.network.forEach((message, index) => {
    if (message.requestId === null) {
      add(`late ${nameOfRequest(message)} reaches the service`, () => {
        const { all } = serveRequest(world.cloud, message.request);
        return announce({ ...world, cloud: all, network: without(world.network, message) }, world.cloud);
      });
    } else if (index === first) serveOne(world, message, add);
  });
}

function serveOne(world: World, message: Message, add: Add): void {
  const what = nameOfRequest(message);
  const answered = (before: World, cloud: Executions, answer: SimulatedAnswer) =>
    announce({ ...before, cloud, network: replaced(world.network, message, { ...message, answer }) }, world.cloud);
  const served = serveRequest(world.cloud, message.request);
  add(`the service takes ${what}`, () => answered(world, served.all, served.answer), { rank: RANK.serve });
  const doubled = spend(world.left, 'doubles');
  const again = serveRequest(served.all, message.request);
  // Of a request that changes nothing the second answer is as the first.
  if (doubled !== null && served.all !== world.cloud) {
    add(`the service gets ${what} twice`, () => answered({ ...world, left: doubled }, again.all, again.answer));
  }
  const left = spend(world.left, 'refusals');
  if (left === null) return;
  for (const code of REFUSALS) {
    const answer: SimulatedAnswer = { kind: 'rejected', rejection: { code, message: '' } };
    add(`the service refuses ${what}: ${code}`, () => answered({ ...world, left }, world.cloud, answer));
  }
}

/** Each means something of its own to the core; the other codes the service gives when they are true. */
const REFUSALS: readonly RejectedErrorCode[] = ['RequestThrottled', 'InvalidRequest'];
