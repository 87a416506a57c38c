/** StartNextPendingJobExecution over MQTT. */
import { anywhere, type ConformanceCase, withClock } from '../case.ts';
import { expectEqual, expectLike, expectMembers, secondsOfToday } from '../expectation.ts';

export const START_NEXT: readonly ConformanceCase[] = [
  anywhere(
    'a queued job is started: IN_PROGRESS, version 2, with its document',
    'start-next/queued-head start-next/document version/start-next job-execution/document-object time/seconds',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue({ document: '{"operation":"x","n":1.5}' });
      const answer = await device.accepted('start-next', { statusDetails: { step: 'one' } });
      expectLike('start-next', answer, {
        timestamp: secondsOfToday,
        execution: {
          jobId,
          status: 'IN_PROGRESS',
          statusDetails: { step: 'one' },
          queuedAt: secondsOfToday,
          startedAt: secondsOfToday,
          lastUpdatedAt: secondsOfToday,
          versionNumber: 2,
          executionNumber: 1,
          jobDocument: { operation: 'x', n: 1.5 },
        },
      });
    },
  ),

  anywhere(
    'a started job is handed out again as it is',
    'start-next/running-head start-next/running-version start-next/no-second',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.queue();
      await device.accepted('start-next', { statusDetails: { step: 'one' } });
      const again = await device.accepted('start-next', { statusDetails: { step: 'two' } });
      expectLike('the second start-next', again, {
        execution: { jobId, status: 'IN_PROGRESS', statusDetails: { step: 'one' }, versionNumber: 2 },
      });
    },
  ),

  anywhere('with nothing pending it is accepted without an execution', 'start-next/nothing', async (target) => {
    const device = await target.device();
    expectMembers('start-next', await device.accepted('start-next'), ['clientToken', 'timestamp']);
  }),

  anywhere('no bytes at all are a request', 'request/empty request/no-token', async (target) => {
    const device = await target.device();
    const { accepted, body } = await device.ask('start-next', '');
    expectEqual('accepted', accepted, true);
    expectMembers('its answer', body, ['timestamp']);
  }),

  anywhere('its step timer starts with it', 'start-next/step-timer timer/seconds-left', async (target) => {
    const device = await target.device();
    await device.queue();
    const answer = await device.accepted('start-next', { stepTimeoutInMinutes: 10 });
    expectLike('start-next', answer, {
      execution: {
        approximateSecondsBeforeTimedOut: (left: unknown) =>
          Number.isInteger(left) && Number(left) > 590 && Number(left) <= 600,
      },
    });
  }),

  anywhere('a step timer of -1, 0 or 10081 minutes is refused', 'start-next/no-discard timer/range', async (target) => {
    const device = await target.device();
    await device.queue();
    for (const stepTimeoutInMinutes of [-1, 0, 10_081]) {
      await device.rejected('start-next', { stepTimeoutInMinutes }, 'InvalidRequest');
    }
  }),

  withClock('its step timer ends it', 'timer/expiry', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted('start-next', { stepTimeoutInMinutes: 1 });
    await target.pass?.(121);
    await device.notified('notify', ({ jobs }) => Object.keys(Object(jobs)).length === 0);
    const { execution } = await target.iot.describeJobExecution({ jobId, thingName: device.thingName });
    expectLike('the execution', execution, { status: 'TIMED_OUT' });
  }),
];
