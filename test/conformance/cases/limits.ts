/** Ranges of what an operator and a device may say, beside those of the operations' own files. */
import type { JsonObject } from '../../../agent/core/json.ts';
import { anywhere, type ConformanceCase } from '../case.ts';
import { pendingJobIds } from '../device.ts';
import { expectEqual, expectLike, expectRefused, nonEmptyString } from '../expectation.ts';
import type { NewJob } from '../target.ts';

const ROLE = 'arn:aws:iam::123456789012:role/reads-the-bucket';

export const LIMITS: readonly ConformanceCase[] = [
  anywhere(
    'ten of twelve are listed, in the order they were queued; one that is started is among them',
    'limit/pending limit/pending-split notify/ten order/ties get-pending/no-documents',
    async (target) => {
      const device = await target.device();
      const jobIds: string[] = [];
      for (let count = 0; count < 12; count++) jobIds.push(await target.createJob([device]));
      const last = jobIds.at(-1) ?? '';
      await device.notified('notify', (message) => pendingJobIds(message).length === 10);
      const idsOf = (list: unknown) => (list as JsonObject[]).map(({ jobId }) => jobId);
      expectEqual('queuedJobs', idsOf((await device.accepted('get')).queuedJobs), jobIds.slice(0, 10));
      await device.accepted(`${last}/update`, { status: 'IN_PROGRESS' });
      const { inProgressJobs, queuedJobs } = await device.accepted('get');
      expectEqual('inProgressJobs', idsOf(inProgressJobs), [last]);
      expectEqual('queuedJobs', idsOf(queuedJobs), jobIds.slice(0, 9));
    },
  ),

  anywhere('a value of 1,024 emoji is too long', 'details/value-unit', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    const update = (count: number) => ({ status: 'IN_PROGRESS', statusDetails: { a: '😀'.repeat(count) } });
    await device.accepted(`${jobId}/update`, update(512));
    await device.rejected(`${jobId}/update`, update(513), 'InvalidRequest');
  }),

  anywhere('the topic of a namespace means nothing here', 'topic/namespaces', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.rejected(`${jobId}/namespace-aws-gg/get`, '{}', 'InvalidTopic');
  }),

  anywhere(
    'where documents come from, how long URLs live and how often is retried have their ranges',
    'limit/document-source limit/presigned limit/retries control/create-members',
    async (target) => {
      const thing = await target.thing();
      const criteria = (...numbers: readonly number[]): NewJob => {
        const failureTypes = ['FAILED', 'TIMED_OUT'] as const;
        const criteriaList = numbers.map((numberOfRetries, index) => {
          return { failureType: failureTypes[index] ?? ('ALL' as const), numberOfRetries };
        });
        return { jobExecutionsRetryConfig: { criteriaList } };
      };
      const bad: Readonly<Record<string, NewJob>> = {
        'documentSource of 1,351 characters': { documentSource: `https://s3.amazonaws.com/b/${'k'.repeat(1324)}` },
        'URLs of 59 seconds': { presignedUrlConfig: { roleArn: ROLE, expiresInSec: 59 } },
        'URLs of 3,601 seconds': { presignedUrlConfig: { roleArn: ROLE, expiresInSec: 3_601 } },
        '11 retries': criteria(11),
        '6 and 5 retries': criteria(6, 5),
        'three criteria': criteria(1, 1, 1),
      };
      for (const [what, members] of Object.entries(bad)) {
        await expectRefused(what, target.createJob([thing], members), 'InvalidRequestException', 400);
      }
      await target.createJob([thing], criteria(5, 5));
    },
  ),

  anywhere('tags of a job are its tags', 'control/create-tags', async (target) => {
    const jobId = await target.createJob([await target.thing()], { tags: [{ Key: 'team', Value: 'blue' }] });
    const { job } = await target.iot.describeJob({ jobId });
    const { tags } = await target.iot.listTagsForResource({ resourceArn: job?.jobArn });
    expectEqual('tags', tags, [{ Key: 'team', Value: 'blue' }]);
  }),

  anywhere(
    'a placeholder without an end is InvalidJobDocumentException',
    'substitution/unterminated',
    async (target) => {
      const document = `{"url":"$${'{'}aws:iot:s3-presigned-url:https://s3.us-east-1.amazonaws.com/b/k"}`;
      const create = target.createJob([await target.thing()], { document });
      await expectRefused('CreateJob', create, 'InvalidJobDocumentException', 400);
    },
  ),

  anywhere(
    'every answer has the id of its request, refusals too',
    'http/request-id http/error-type',
    async (target) => {
      const { $metadata } = await target.iot.listJobs({ maxResults: 1 });
      expectLike('of ListJobs', $metadata, { httpStatusCode: 200, requestId: nonEmptyString });
      const refused = target.iot.describeJob({ jobId: target.freshName('none') });
      const error = await expectRefused('DescribeJob', refused, 'ResourceNotFoundException', 404);
      expectLike('of its refusal', error.$metadata, { requestId: nonEmptyString });
      expectLike('its message', error.message, nonEmptyString);
    },
  ),

  anywhere('after a terminal update come its answer, notify, notify-next', 'notify/order', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.notified('notify-next');
    await device.accepted(`${jobId}/update`, { status: 'SUCCEEDED' });
    await device.notified('notify-next');
    expectEqual('the last three', device.heard().slice(-3), [`${jobId}/update/accepted`, 'notify', 'notify-next']);
  }),
];
