/** DescribeJobExecution over MQTT. */
import { anywhere, type ConformanceCase } from '../case.ts';
import { expectEqual, expectLike, expectMembers, secondsOfToday } from '../expectation.ts';

const QUEUED = ['jobId', 'status', 'queuedAt', 'lastUpdatedAt', 'versionNumber', 'executionNumber', 'jobDocument'];

export const DESCRIBE: readonly ConformanceCase[] = [
  anywhere(
    'a queued execution has these members and no other',
    'job-execution/members job-execution/no-thing-name job-execution/no-empty-details job-execution/started-only',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue({ document: '{"operation":"x","list":[1,{"a":null}]}' });
      const answer = await device.accepted(`${jobId}/get`);
      expectLike('describe', answer, {
        timestamp: secondsOfToday,
        execution: {
          jobId,
          status: 'QUEUED',
          versionNumber: 1,
          executionNumber: 1,
          jobDocument: { operation: 'x', list: [1, { a: null }] },
        },
      });
      expectMembers('the execution', answer.execution, QUEUED);
    },
  ),

  anywhere('the document is left out when asked so', 'describe/include-document', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    const without = await device.accepted(`${jobId}/get`, { includeJobDocument: false });
    expectMembers(
      'the execution',
      without.execution,
      QUEUED.filter((name) => name !== 'jobDocument'),
    );
    const withIt = await device.accepted(`${jobId}/get`, { includeJobDocument: true });
    expectMembers('the execution', withIt.execution, QUEUED);
  }),

  anywhere(
    '$next is the first in line, and is not started by it',
    'describe/next describe/read-only topic/next-answer version/unchanged-by-reads',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const { topic, accepted } = await device.ask('$next/get');
      expectEqual('accepted', accepted, true);
      expectEqual('its topic', topic, `$aws/things/${device.thingName}/jobs/$next/get/accepted`);
      const { execution } = await device.accepted('$next/get');
      expectLike('$next', execution, { jobId, status: 'QUEUED', versionNumber: 1 });
    },
  ),

  anywhere('$next with nothing pending has no execution', 'describe/next-nothing', async (target) => {
    const device = await target.device();
    expectMembers('$next', await device.accepted('$next/get'), ['clientToken', 'timestamp']);
  }),

  anywhere(
    'a job that is not there is ResourceNotFound, without executionState',
    'describe/not-found error/not-found error/members',
    async (target) => {
      const device = await target.device();
      const answer = await device.rejected(`${target.freshName('none')}/get`, {}, 'ResourceNotFound');
      expectMembers('the refusal', answer, ['code', 'message', 'clientToken', 'timestamp']);
    },
  ),

  anywhere('a job of another thing is ResourceNotFound', 'error/not-found-other-thing', async (target) => {
    const [owner, other] = [await target.device(), await target.device()];
    const jobId = await owner.queue();
    await other.rejected(`${jobId}/get`, {}, 'ResourceNotFound');
  }),

  anywhere(
    'an ended execution is TerminalStateReached, without executionState',
    'describe/terminal error/terminal-state',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
      const answer = await device.rejected(`${jobId}/get`, {}, 'TerminalStateReached');
      expectMembers('the refusal', answer, ['code', 'message', 'clientToken', 'timestamp']);
    },
  ),

  anywhere(
    'an execution is found by its number; another number is ResourceNotFound',
    'describe/execution-number error/not-found-number',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      expectLike('by number', await device.accepted(`${jobId}/get`, { executionNumber: 1 }), { execution: { jobId } });
      await device.rejected(`${jobId}/get`, { executionNumber: 7 }, 'ResourceNotFound');
    },
  ),

  anywhere('an ended execution named by its number is refused too', 'describe/terminal-by-number', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    await device.rejected(`${jobId}/get`, { executionNumber: 1 }, 'TerminalStateReached');
  }),
];
