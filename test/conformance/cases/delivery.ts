/** Where answers go, what a topic means, and how a request is read. */
import { anywhere, type ConformanceCase, withPlainNames } from '../case.ts';
import { Difference, expectEqual, expectLike, expectMembers, secondsOfToday } from '../expectation.ts';

export const DELIVERY: readonly ConformanceCase[] = [
  anywhere(
    'each request has its topic, and its answer one behind it',
    'topic/requests topic/answers',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const requests = ['get', 'start-next', `${jobId}/get`, '$next/get', `${jobId}/update`];
      for (const request of requests) {
        const { topic } = await device.ask(request, request.endsWith('update') ? { status: 'FAILED' } : {});
        expectEqual(request, topic, `$aws/things/${device.thingName}/jobs/${request}/accepted`);
      }
    },
  ),

  anywhere('a refusal has the token and the time too', 'request/token-echoed request/timestamp', async (target) => {
    const device = await target.device();
    const answer = await device.rejected(
      'nowhere/update',
      { status: 'FAILED', clientToken: 'kept' },
      'ResourceNotFound',
    );
    expectLike('the refusal', answer, { clientToken: 'kept', timestamp: secondsOfToday });
  }),

  anywhere('a long token of any characters comes back', 'name/client-token', async (target) => {
    const device = await target.device();
    const clientToken = `"\\/ größe 日本 😀 ${'x'.repeat(200)}`;
    expectLike('get', await device.accepted('get', { clientToken }), { clientToken });
  }),

  anywhere('a payload that is no JSON is InvalidJson, without a token', 'error/invalid-json', async (target) => {
    const device = await target.device();
    for (const payload of ['not json', '{"a":', Uint8Array.of(0x7b, 0xff, 0x7d)]) {
      const answer = await device.rejected('start-next', payload, 'InvalidJson');
      expectMembers('the refusal', answer, ['code', 'message', 'timestamp']);
    }
  }),

  anywhere('JSON that is no object is InvalidJson', 'error/invalid-json-object', async (target) => {
    const device = await target.device();
    for (const payload of ['[]', '1', '"text"', 'null']) await device.rejected('get', payload, 'InvalidJson');
  }),

  anywhere(
    'a topic that means no operation is InvalidTopic, told behind it',
    'error/invalid-topic error/invalid-topic-where error/members',
    async (target) => {
      const device = await target.device();
      const request = `$aws/things/${device.thingName}/jobs/nothing-of-the-kind`;
      await device.subscribe(`${request}/+`);
      const { topic, body } = await device.ask('nothing-of-the-kind', '{}');
      expectEqual('its topic', topic, `${request}/rejected`);
      expectLike('the refusal', body, { code: 'InvalidTopic', timestamp: secondsOfToday });
    },
  ),

  anywhere('$next cannot be updated: InvalidRequest', 'topic/next-update', async (target) => {
    const device = await target.device();
    await device.queue();
    await device.rejected('$next/update', { status: 'IN_PROGRESS' }, 'InvalidRequest');
  }),

  withPlainNames('a job called get or start-next is a job', 'name/like-a-topic name/next', async (target) => {
    const device = await target.device();
    for (const jobId of ['get', 'start-next', 'notify']) {
      await target.createJob([device], { jobId });
      await device.notified('notify-next');
      expectLike(jobId, await device.accepted(`${jobId}/get`), { execution: { jobId } });
      await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
      await device.notified('notify-next');
    }
  }),

  anywhere('a jobId has 1 to 64 letters, digits, underscores and hyphens', 'name/job', async (target) => {
    const device = await target.device();
    for (const jobId of ['a.b', 'a:b', 'é', 'x'.repeat(65)]) {
      const { accepted, body } = await device.ask(`${jobId}/get`, {});
      if (accepted || body.code !== 'InvalidRequest')
        throw new Difference(jobId, 'InvalidRequest', JSON.stringify(body));
    }
    const longest = `${target.freshName('longest')}-`.padEnd(64, 'x_-9');
    await target.createJob([device], { jobId: longest });
    await device.notified('notify-next');
    expectLike('the longest', await device.accepted(`${longest}/get`), { execution: { jobId: longest } });
  }),

  anywhere('nobody but the asker hears an answer', 'delivery/nobody-else topic/requester-only', async (target) => {
    const [asker, other] = [await target.device(), await target.device()];
    await other.subscribe(`$aws/things/${other.thingName}/jobs/#`);
    const jobId = await target.createJob([asker, other]);
    await other.notified('notify-next');
    await asker.notified('notify-next');
    await asker.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    await other.accepted(`${jobId}/update`, { status: 'FAILED' });
    expectLike('the other', await other.accepted('get'), { queuedJobs: [], inProgressJobs: [] });
  }),

  anywhere('an execution number chooses the execution of an update', 'update/execution-number', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.rejected(`${jobId}/update`, { status: 'IN_PROGRESS', executionNumber: 7 }, 'ResourceNotFound');
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', executionNumber: 1 });
  }),

  anywhere('with version and transition both wrong the version is told', 'version/check-order', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    await device.rejected(`${jobId}/update`, { status: 'IN_PROGRESS', expectedVersion: 9 }, 'VersionMismatch');
  }),

  anywhere(
    'an update of what has ended is never TerminalStateReached',
    'error/update-terminal error/state-only-for',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.accepted(`${jobId}/update`, { status: 'FAILED' });
      const answer = await device.rejected(`${jobId}/update`, { status: 'SUCCEEDED' }, 'InvalidStateTransition');
      expectMembers('it', answer, ['code', 'message', 'clientToken', 'timestamp', 'executionState']);
      const bad = await device.rejected(`${jobId}/update`, { status: 'NOPE' }, 'InvalidRequest');
      expectMembers('a bad request', bad, ['code', 'message', 'clientToken', 'timestamp']);
    },
  ),
];
