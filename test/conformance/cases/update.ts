/** UpdateJobExecution over MQTT: its members, versions, and which change is legal. */
import { anywhere, type ConformanceCase } from '../case.ts';
import { expectEqual, expectLike, expectMembers } from '../expectation.ts';

export const UPDATE: readonly ConformanceCase[] = [
  anywhere('its plain answer is token and timestamp', 'update/plain-answer request/token-echoed', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    const answer = await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', clientToken: 'token of a test' });
    expectEqual('clientToken', answer.clientToken, 'token of a test');
    expectMembers('the answer', answer, ['clientToken', 'timestamp']);
  }),

  anywhere(
    'state and document come when asked for',
    'update/include-state update/include-document state/members',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue({ document: '{"operation":"x"}' });
      const answer = await device.accepted(`${jobId}/update`, {
        status: 'IN_PROGRESS',
        statusDetails: { a: 'b' },
        includeJobExecutionState: true,
        includeJobDocument: true,
      });
      expectEqual('executionState', answer.executionState, {
        status: 'IN_PROGRESS',
        statusDetails: { a: 'b' },
        versionNumber: 2,
      });
      expectEqual('jobDocument', answer.jobDocument, { operation: 'x' });
    },
  ),

  anywhere('state without details has no statusDetails', 'state/no-empty-details', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    const answer = await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', includeJobExecutionState: true });
    expectEqual('executionState', answer.executionState, { status: 'IN_PROGRESS', versionNumber: 2 });
  }),

  anywhere(
    'each accepted update adds one to the version, also from IN_PROGRESS to IN_PROGRESS',
    'version/each-update state-machine/repeat version/right-accepted',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      for (const expectedVersion of [1, 2, 3]) {
        const { executionState } = await device.accepted(`${jobId}/update`, {
          status: 'IN_PROGRESS',
          expectedVersion,
          includeJobExecutionState: true,
        });
        expectLike('executionState', executionState, { versionNumber: expectedVersion + 1 });
      }
    },
  ),

  anywhere(
    'another version than expected changes nothing, and the state comes with the refusal',
    'version/mismatch version/mismatch-state version/unchanged-by-refusals error/version-mismatch',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const answer = await device.rejected(
        `${jobId}/update`,
        { status: 'SUCCEEDED', expectedVersion: 99 },
        'VersionMismatch',
      );
      expectEqual('executionState', answer.executionState, { status: 'QUEUED', versionNumber: 1 });
      expectLike('afterwards', await device.accepted(`${jobId}/get`), {
        execution: { status: 'QUEUED', versionNumber: 1 },
      });
    },
  ),

  anywhere('the message of a mismatch names both versions', 'version/mismatch-message', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    const { message } = await device.rejected(
      `${jobId}/update`,
      { status: 'IN_PROGRESS', expectedVersion: 99 },
      'VersionMismatch',
    );
    expectEqual('message', message, 'Expected version 99 but found version 1');
  }),

  anywhere('a version in quotes is a version', 'request/quoted-numbers', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', expectedVersion: '1', executionNumber: '1' });
    await device.rejected(`${jobId}/update`, { status: 'IN_PROGRESS', expectedVersion: '1' }, 'VersionMismatch');
  }),

  anywhere('a version that is no number is InvalidRequest', 'request/not-a-number', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.rejected(`${jobId}/update`, { status: 'IN_PROGRESS', expectedVersion: 'two' }, 'InvalidRequest');
  }),

  anywhere(
    'without a status it is InvalidRequest in the words of AWS',
    'update/status-required update/null-message error/invalid-request',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const { message } = await device.rejected(`${jobId}/update`, { statusDetails: { a: 'b' } }, 'InvalidRequest');
      expectLike('message', message, (text: unknown) =>
        String(text).includes("Value null at 'status' failed to satisfy constraint: Member must not be null"),
      );
    },
  ),

  anywhere('members that nobody knows are ignored', 'request/unknown-members', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    const { thingName } = device;
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', jobId, thingName, whatever: [1] });
  }),

  anywhere(
    'from QUEUED a device may go to each of its four statuses',
    'state-machine/queued-in-progress state-machine/queued-rejected state-machine/queued-ended',
    async (target) => {
      const device = await target.device();
      for (const status of ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED']) {
        const jobId = await device.queue();
        const answer = await device.accepted(`${jobId}/update`, { status, includeJobExecutionState: true });
        expectLike(`to ${status}`, answer.executionState, { status, versionNumber: 2 });
      }
    },
  ),

  anywhere('one direct update to FAILED sets startedAt', 'state-machine/direct-started-at', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted(`${jobId}/update`, { status: 'FAILED' });
    const { execution } = await target.iot.describeJobExecution({ jobId, thingName: device.thingName });
    expectEqual('startedAt', execution?.startedAt, execution?.lastUpdatedAt);
  }),

  anywhere(
    'from IN_PROGRESS a device may go to SUCCEEDED, FAILED and REJECTED',
    'state-machine/in-progress-ended',
    async (target) => {
      const device = await target.device();
      for (const status of ['SUCCEEDED', 'FAILED', 'REJECTED']) {
        const jobId = await device.queue();
        await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
        await device.accepted(`${jobId}/update`, { status, expectedVersion: 2 });
      }
    },
  ),

  anywhere('back to QUEUED is InvalidStateTransition', 'state-machine/to-queued', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
    const answer = await device.rejected(`${jobId}/update`, { status: 'QUEUED' }, 'InvalidStateTransition');
    expectLike('executionState', answer.executionState, { status: 'IN_PROGRESS', versionNumber: 2 });
  }),

  anywhere('the statuses of the service are InvalidRequest', 'state-machine/service-only', async (target) => {
    const device = await target.device();
    const jobId = await device.queue();
    for (const status of ['CANCELED', 'TIMED_OUT', 'REMOVED']) {
      await device.rejected(`${jobId}/update`, { status }, 'InvalidRequest');
    }
  }),

  anywhere(
    'an ended execution cannot be changed, and its state comes with the refusal',
    'state-machine/terminal error/invalid-transition',
    async (target) => {
      const device = await target.device();
      for (const ended of ['SUCCEEDED', 'FAILED', 'REJECTED']) {
        const jobId = await device.queue();
        await device.accepted(`${jobId}/update`, { status: ended });
        for (const status of ['IN_PROGRESS', ended]) {
          const answer = await device.rejected(`${jobId}/update`, { status }, 'InvalidStateTransition');
          expectEqual('executionState', answer.executionState, { status: ended, versionNumber: 2 });
        }
      }
    },
  ),
];
