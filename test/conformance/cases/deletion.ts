/** What is deleted, on both planes. */
import { anywhere, type ConformanceCase } from '../case.ts';
import { pendingJobIds } from '../device.ts';
import { expectEqual, expectLike, expectMembers } from '../expectation.ts';

export const DELETION: readonly ConformanceCase[] = [
  anywhere(
    'a pending execution that is deleted is told, and is ResourceNotFound then',
    'notify/deleted state-machine/deleted',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.notified('notify-next');
      await target.iot.deleteJob({ jobId, force: true });
      const listed = await device.notified('notify', (message) => pendingJobIds(message).length === 0);
      expectEqual('notify', listed.jobs, {});
      expectMembers('notify-next', await device.notified('notify-next'), ['timestamp']);
      await device.rejected(`${jobId}/get`, {}, 'ResourceNotFound');
    },
  ),

  anywhere(
    'a jobId that is used again is another next',
    'notify/new-execution control/delete-reuse',
    async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      await device.notified('notify-next');
      await target.iot.deleteJob({ jobId, force: true });
      expectMembers('notify-next', await device.notified('notify-next'), ['timestamp']);
      await waitUntilGone(target, jobId);
      await target.createJob([device], { jobId });
      expectLike('notify-next', await device.notified('notify-next'), { execution: { jobId } });
    },
  ),
];

/** AWS deletes a job in its own time and tells nobody when it has; the local cloud has at once, and nothing is waited for. */
async function waitUntilGone(target: Parameters<ConformanceCase['run']>[0], jobId: string): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt++) {
    const gone = await target.iot.describeJob({ jobId }).then(
      () => false,
      (error: Error) => error.name === 'ResourceNotFoundException',
    );
    if (gone) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${jobId} is still there 20 s after it was deleted`);
}
