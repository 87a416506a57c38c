/** GetPendingJobExecutions over MQTT, and the order of its lists. */
import { anywhere, type ConformanceCase } from '../case.ts';
import { expectEqual, expectLike, expectMembers, secondsOfToday } from '../expectation.ts';

export const GET_PENDING: readonly ConformanceCase[] = [
  anywhere(
    'with nothing pending both lists are there, empty',
    'get-pending/empty get-pending/nothing-accepted',
    async (target) => {
      const device = await target.device();
      const answer = await device.accepted('get');
      expectLike('get', answer, { timestamp: secondsOfToday, inProgressJobs: [], queuedJobs: [] });
      expectMembers('get', answer, ['clientToken', 'timestamp', 'inProgressJobs', 'queuedJobs']);
    },
  ),

  anywhere(
    'a queued job is listed by its summary, without startedAt',
    'summary/members summary/started-only version/one execution-number/one',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const { queuedJobs } = await device.accepted('get');
      expectLike('queuedJobs', queuedJobs, [{ jobId, executionNumber: 1, versionNumber: 1 }]);
      const [summary] = Array.isArray(queuedJobs) ? queuedJobs : [];
      expectMembers('the summary', summary, ['jobId', 'queuedAt', 'lastUpdatedAt', 'executionNumber', 'versionNumber']);
    },
  ),

  anywhere(
    'a started job is listed under inProgressJobs, with startedAt',
    'summary/started-only get-pending/in-progress-listed',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.accepted('start-next', { statusDetails: { step: 'one' } });
      const { inProgressJobs, queuedJobs } = await device.accepted('get');
      expectLike('inProgressJobs', inProgressJobs, [{ jobId, versionNumber: 2, startedAt: secondsOfToday }]);
      expectEqual('queuedJobs', queuedJobs, []);
      const [summary] = Array.isArray(inProgressJobs) ? inProgressJobs : [];
      const names = ['jobId', 'queuedAt', 'lastUpdatedAt', 'startedAt', 'executionNumber', 'versionNumber'];
      expectMembers('the summary', summary, names);
    },
  ),

  anywhere('jobs are listed in the order they were queued', 'order/queued', async (target) => {
    const device = await target.device();
    const first = await device.queue();
    const second = await device.queue();
    const third = await device.queue();
    const { queuedJobs } = await device.accepted('get');
    expectLike('queuedJobs', queuedJobs, [{ jobId: first }, { jobId: second }, { jobId: third }]);
    const { execution } = await device.accepted('$next/get');
    expectLike('$next', execution, { jobId: first });
  }),

  anywhere('what is IN_PROGRESS comes before what was queued earlier', 'order/in-progress-first', async (target) => {
    const device = await target.device();
    await device.queue();
    const second = await device.queue();
    await device.accepted(`${second}/update`, { status: 'IN_PROGRESS' });
    const { execution } = await device.accepted('$next/get');
    expectLike('$next', execution, { jobId: second, status: 'IN_PROGRESS' });
  }),
];
