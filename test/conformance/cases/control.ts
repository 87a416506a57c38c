/** The operator's operations on jobs and executions. */
import { anywhere, type ConformanceCase } from '../case.ts';
import { dateOfToday, expectEqual, expectLike, expectMembers, expectRefused } from '../expectation.ts';

const INVALID = 'InvalidRequestException';
const TRANSITION = 'InvalidStateTransitionException';
const NOT_FOUND = 'ResourceNotFoundException';

export const CONTROL: readonly ConformanceCase[] = [
  anywhere(
    'CreateJob answers with ARN, id and the description that was given',
    'control/create control/create-no-description control/job-arn',
    async (target) => {
      const { thingArn } = await target.thing();
      const account = thingArn.split(':').slice(0, 5).join(':');
      const create = async (members: { readonly description?: string }) => {
        const jobId = target.freshName('job');
        target.onClose(() => target.iot.deleteJob({ jobId, force: true }));
        const { $metadata, ...answer } = await target.iot.createJob({
          jobId,
          targets: [thingArn],
          document: '{}',
          ...members,
        });
        return { jobId, answer };
      };
      const plain = await create({});
      expectEqual('the plain answer', plain.answer, { jobArn: `${account}:job/${plain.jobId}`, jobId: plain.jobId });
      expectLike('the other', (await create({ description: 'of a test' })).answer, { description: 'of a test' });
    },
  ),

  anywhere(
    'a jobId that is taken is refused, with what has it',
    'control/create-exists control/create-repeat',
    async (target) => {
      const thing = await target.thing();
      const jobId = await target.createJob([thing]);
      const again = target.iot.createJob({ jobId, targets: [thing.thingArn], document: '{"operation":"x"}' });
      const error = await expectRefused('the second', again, 'ResourceAlreadyExistsException', 409);
      expectLike('it', error, {
        resourceId: jobId,
        resourceArn: (arn: unknown) => String(arn).endsWith(`:job/${jobId}`),
      });
    },
  ),

  anywhere('a document that is no JSON is refused', 'control/create-document', async (target) => {
    const { thingArn } = await target.thing();
    for (const document of ['not json', '{"a":']) {
      const create = target.iot.createJob({ jobId: target.freshName('job'), targets: [thingArn], document });
      await expectRefused(document, create, INVALID, 400);
    }
  }),

  anywhere('a job without a document is refused', 'control/create-one-source', async (target) => {
    const { thingArn } = await target.thing();
    const create = target.iot.createJob({ jobId: target.freshName('job'), targets: [thingArn] });
    await expectRefused('CreateJob', create, INVALID, 400);
  }),

  anywhere(
    'a target that does not exist is ResourceNotFoundException',
    'control/create-unknown-thing',
    async (target) => {
      const { thingArn } = await target.thing();
      const targets = [`${thingArn}-gone`];
      const create = target.iot.createJob({ jobId: target.freshName('job'), targets, document: '{}' });
      await expectRefused('CreateJob', create, NOT_FOUND, 404);
    },
  ),

  anywhere(
    'members out of their ranges are refused',
    'control/create-members http/server-checks limit/description limit/reason-code limit/targets control/errors',
    async (target) => {
      const { thingArn } = await target.thing();
      const create = (members: object) =>
        target.iot.createJob({ jobId: target.freshName('job'), targets: [thingArn], document: '{}', ...members });
      const bad = {
        'jobId with a dot': { jobId: 'a.b' },
        'jobId of 65': { jobId: 'x'.repeat(65) },
        'no target': { targets: [] },
        targetSelection: { targetSelection: 'SOME' },
        'description of 2,029': { description: 'x'.repeat(2029) },
        'description with a newline': { description: 'a\nb' },
        'time-out of 0 minutes': { timeoutConfig: { inProgressTimeoutInMinutes: 0 } },
        'time-out of 10,081 minutes': { timeoutConfig: { inProgressTimeoutInMinutes: 10_081 } },
      };
      for (const [what, members] of Object.entries(bad)) await expectRefused(what, create(members), INVALID, 400);
      const jobId = await target.createJob([{ thingName: '', thingArn }]);
      await expectRefused('reasonCode', target.iot.cancelJob({ jobId, reasonCode: 'small' }), INVALID, 400);
      await expectRefused('comment', target.iot.cancelJob({ jobId, comment: 'x'.repeat(2029) }), INVALID, 400);
    },
  ),

  anywhere('a document of 32,768 characters is taken, a longer one is refused', 'limit/document', async (target) => {
    const thing = await target.thing();
    const document = (length: number) => JSON.stringify({ a: 'x'.repeat(length - 8) });
    const jobId = await target.createJob([thing], { document: document(32_768) });
    expectEqual('its length', (await target.iot.getJobDocument({ jobId })).document?.length, 32_768);
    const create = target.createJob([thing], { document: document(32_769) });
    await expectRefused('32,769', create, INVALID, 400);
  }),

  anywhere(
    'DescribeJob shows the job, counted by status',
    'control/describe control/process-details control/times job/selection-default job/statuses',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue({ description: 'of a test', timeoutConfig: { inProgressTimeoutInMinutes: 7 } });
      const { job } = await target.iot.describeJob({ jobId });
      expectLike('the job', job, {
        jobId,
        status: 'IN_PROGRESS',
        targetSelection: 'SNAPSHOT',
        targets: [device.thingArn],
        description: 'of a test',
        timeoutConfig: { inProgressTimeoutInMinutes: 7 },
        createdAt: dateOfToday,
        lastUpdatedAt: dateOfToday,
        completedAt: undefined,
        jobProcessDetails: { numberOfQueuedThings: 1, numberOfInProgressThings: 0, numberOfSucceededThings: 0 },
      });
    },
  ),

  anywhere('a SNAPSHOT job is COMPLETED with its last execution', 'job/snapshot-completed', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted(`${jobId}/update`, { status: 'FAILED' });
    const { job } = await target.iot.describeJob({ jobId });
    expectLike('the job', job, {
      status: 'COMPLETED',
      completedAt: dateOfToday,
      jobProcessDetails: { numberOfFailedThings: 1, numberOfQueuedThings: 0 },
    });
  }),

  anywhere('a CONTINUOUS job stays IN_PROGRESS after its last execution', 'job/continuous-open', async (target) => {
    const device = await target.device();
    const jobId = await device.queue({ targetSelection: 'CONTINUOUS' });
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    expectLike('the job', (await target.iot.describeJob({ jobId })).job, {
      status: 'IN_PROGRESS',
      completedAt: undefined,
    });
  }),

  anywhere(
    'what does not exist is ResourceNotFoundException',
    'control/describe-unknown control/errors',
    async (target) => {
      const { thingName } = await target.thing();
      const jobId = target.freshName('none');
      const { iot } = target;
      await expectRefused('DescribeJob', iot.describeJob({ jobId }), NOT_FOUND, 404);
      await expectRefused('GetJobDocument', iot.getJobDocument({ jobId }), NOT_FOUND, 404);
      await expectRefused('CancelJob', iot.cancelJob({ jobId }), NOT_FOUND, 404);
      await expectRefused('DescribeJobExecution', iot.describeJobExecution({ jobId, thingName }), NOT_FOUND, 404);
      await expectRefused('CancelJobExecution', iot.cancelJobExecution({ jobId, thingName }), NOT_FOUND, 404);
    },
  ),

  anywhere('GetJobDocument gives the very text', 'control/document', async (target) => {
    const document = '{ "operation" : "x",\n\t"größe": 1.0, "a":1, "a":2 }';
    const jobId = await target.createJob([await target.thing()], { document });
    expectEqual('document', (await target.iot.getJobDocument({ jobId })).document, document);
  }),

  anywhere(
    'CancelJob without force leaves what is IN_PROGRESS; with force it does not',
    'control/cancel control/cancel-words state-machine/cancel-in-progress state-machine/canceled-final',
    async (target) => {
      const [running, waiting] = [await target.device(), await target.device()];
      const jobId = await target.createJob([running, waiting]);
      await Promise.all([running.notified('notify-next'), waiting.notified('notify-next')]);
      await running.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
      await target.iot.cancelJob({ jobId, reasonCode: 'WRONG_FILE', comment: 'of a test' });
      expectEqual('notify of the waiting', (await waiting.notified('notify', isEmpty)).jobs, {});
      expectLike('the running', await running.accepted(`${jobId}/get`), { execution: { status: 'IN_PROGRESS' } });
      const words = { status: 'CANCELED', reasonCode: 'WRONG_FILE', comment: 'of a test' };
      expectLike('the job', (await target.iot.describeJob({ jobId })).job, words);
      await target.iot.cancelJob({ jobId, force: true });
      await running.notified('notify', isEmpty);
      await running.rejected(`${jobId}/update`, { status: 'SUCCEEDED' }, 'InvalidStateTransition');
      expectLike('the job', (await target.iot.describeJob({ jobId })).job, { forceCanceled: true });
    },
  ),

  anywhere(
    'DescribeJobExecution shows details nested, no document, and ended ones too',
    'control/describe-execution control/describe-ended control/times',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED', statusDetails: { result: 'fine' } });
      const { execution } = await target.iot.describeJobExecution({ jobId, thingName: device.thingName });
      expectLike('the execution', execution, {
        jobId,
        thingArn: device.thingArn,
        status: 'SUCCEEDED',
        statusDetails: { detailsMap: { result: 'fine' } },
        queuedAt: dateOfToday,
        startedAt: dateOfToday,
        lastUpdatedAt: dateOfToday,
        executionNumber: 1,
        versionNumber: 2,
        jobDocument: undefined,
      });
    },
  ),

  anywhere('$next is no job of the control plane', 'control/no-next', async (target) => {
    const { thingName } = await target.thing();
    await expectRefused('it', target.iot.describeJobExecution({ jobId: '$next', thingName }), INVALID, 400);
  }),

  anywhere(
    'CancelJobExecution takes IN_PROGRESS by force only, and checks the version',
    'control/cancel-execution control/cancel-execution-version control/cancel-execution-details version/service-changes',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const jobId = await device.queue();
      await device.accepted('start-next', { statusDetails: { step: 'one' } });
      const cancel = (members: object) => target.iot.cancelJobExecution({ jobId, thingName, ...members });
      await expectRefused('without force', cancel({}), TRANSITION, 409);
      const stale = cancel({ force: true, expectedVersion: 9 });
      await expectRefused('another version', stale, 'VersionConflictException', 409);
      const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`k${n}`, 'v']));
      await expectRefused('eleven details', cancel({ force: true, statusDetails: eleven }), INVALID, 400);
      await cancel({ force: true, expectedVersion: 2, statusDetails: { why: 'a test' } });
      const { execution } = await target.iot.describeJobExecution({ jobId, thingName });
      expectLike('the execution', execution, {
        status: 'CANCELED',
        forceCanceled: true,
        statusDetails: { detailsMap: { why: 'a test', step: undefined } },
        versionNumber: 3,
      });
      await expectRefused('an ended one', cancel({ force: true }), TRANSITION, 409);
    },
  ),

  anywhere(
    'ListJobExecutionsForThing filters by status and job, page by page',
    'control/list-for-thing control/summary http/pages limit/page-size',
    async (target) => {
      const device = await target.device();
      const { thingName } = device;
      const jobIds = [await device.queue(), await device.queue(), await device.queue()];
      await device.accepted(`${jobIds[0]}/update`, { status: 'FAILED' });
      const list = (members: object) => target.iot.listJobExecutionsForThing({ thingName, ...members });
      const [ended] = (await list({ status: 'FAILED' })).executionSummaries ?? [];
      expectLike('the ended', ended, {
        jobId: jobIds[0],
        jobExecutionSummary: { status: 'FAILED', executionNumber: 1 },
      });
      expectEqual('its version', Object(ended?.jobExecutionSummary).versionNumber, undefined);
      expectLike('one job', (await list({ jobId: jobIds[1] })).executionSummaries, [{ jobId: jobIds[1] }]);
      const seen: unknown[] = [];
      let nextToken: string | undefined;
      do {
        const page = await list({ maxResults: 2, ...(nextToken !== undefined && { nextToken }) });
        seen.push(...(page.executionSummaries ?? []).map(({ jobId }) => jobId));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      expectEqual('all pages', [...seen].sort(), [...jobIds].sort());
      await expectRefused('251 a page', list({ maxResults: 251 }), INVALID, 400);
    },
  ),

  anywhere('the document of a job is left to GetJobDocument', 'control/describe', async (target) => {
    const jobId = await target.createJob([await target.thing()]);
    const { job } = await target.iot.describeJob({ jobId });
    expectEqual('document', Object(job).document, undefined);
    expectMembers('GetJobDocument', withoutMetadata(await target.iot.getJobDocument({ jobId })), ['document']);
  }),
];

function withoutMetadata(answer: object): object {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== '$metadata'));
}

function isEmpty({ jobs }: { readonly [name: string]: unknown }): boolean {
  return Object.keys(Object(jobs)).length === 0;
}
