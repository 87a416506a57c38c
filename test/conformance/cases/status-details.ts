/** statusDetails: what a device may say, and what becomes of it. */
import { anywhere, type ConformanceCase } from '../case.ts';
import { expectEqual } from '../expectation.ts';
import type { Device } from '../target.ts';

export const STATUS_DETAILS: readonly ConformanceCase[] = [
  anywhere('details that are left out stay', 'details/omitted', async (target) => {
    const { device, jobId } = await started(await target.device(), { a: '1' });
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS' });
    expectEqual('statusDetails', await detailsOf(device, jobId), { a: '1' });
  }),

  anywhere('details that are given replace all', 'details/replaced', async (target) => {
    const { device, jobId } = await started(await target.device(), { a: '1', b: '2' });
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails: { c: '3' } });
    expectEqual('statusDetails', await detailsOf(device, jobId), { c: '3' });
  }),

  anywhere(
    'empty details are accepted and clear all',
    'details/empty-accepted details/empty-clears',
    async (target) => {
      const { device, jobId } = await started(await target.device(), { a: '1' });
      await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails: {} });
      expectEqual('statusDetails', await detailsOf(device, jobId), undefined);
    },
  ),

  anywhere('ten details are taken, eleven are InvalidRequest', 'details/ten', async (target) => {
    const { device, jobId } = await started(await target.device(), {});
    const details = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));
    await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails: details(10) });
    await device.rejected(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails: details(11) }, 'InvalidRequest');
    expectEqual('statusDetails', await detailsOf(device, jobId), details(10));
  }),

  anywhere(
    'a value of 1,024 characters is taken, a longer or an empty one is not',
    'details/value-length',
    async (target) => {
      const { device, jobId } = await started(await target.device(), {});
      const update = (a: string) => ({ status: 'IN_PROGRESS', statusDetails: { a } });
      await device.accepted(`${jobId}/update`, update('x'.repeat(1024)));
      await device.rejected(`${jobId}/update`, update('x'.repeat(1025)), 'InvalidRequest');
      await device.rejected(`${jobId}/update`, update(''), 'InvalidRequest');
    },
  ),

  anywhere('keys are 1 to 128 letters, digits, colons, underscores and hyphens', 'details/key', async (target) => {
    const { device, jobId } = await started(await target.device(), {});
    const update = (key: string) => ({ status: 'IN_PROGRESS', statusDetails: { [key]: 'v' } });
    for (const key of ['a', 'A-z_0:9', 'k'.repeat(128)]) await device.accepted(`${jobId}/update`, update(key));
    for (const key of ['', 'a.b', 'a b', 'a/b', 'é', 'k'.repeat(129)]) {
      await device.rejected(`${jobId}/update`, update(key), 'InvalidRequest');
    }
  }),

  anywhere('values are no lists and no objects', 'details/strings-only', async (target) => {
    const { device, jobId } = await started(await target.device(), {});
    for (const value of [{ b: 'c' }, ['x'], null]) {
      await device.rejected(
        `${jobId}/update`,
        { status: 'IN_PROGRESS', statusDetails: { a: value } },
        'InvalidRequest',
      );
    }
  }),

  anywhere('a number is taken as its text', 'details/scalars', async (target) => {
    const { device, jobId } = await started(await target.device(), {});
    await device.ask(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails: { uptime: 1.5, done: true } });
    expectEqual('statusDetails', await detailsOf(device, jobId), { uptime: '1.5', done: 'true' });
  }),

  anywhere(
    'control characters in a value are InvalidRequest',
    'details/value-pattern details/enforced',
    async (target) => {
      const { device, jobId } = await started(await target.device(), {});
      for (const value of ['a\nb', 'end\n', '\ttab', 'esc\u001b[0m', '\ufeffbom', 'soft\u00adhyphen', 'a\u200db']) {
        await device.rejected(
          `${jobId}/update`,
          { status: 'IN_PROGRESS', statusDetails: { a: value } },
          'InvalidRequest',
        );
      }
      const fine = { a: 'größe 日本 ✓ 😀 "quoted" \\ /' };
      await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails: fine });
      expectEqual('statusDetails', await detailsOf(device, jobId), fine);
    },
  ),
];

async function started(device: Device, statusDetails: Readonly<Record<string, string>>) {
  const jobId = await device.queue();
  await device.accepted(`${jobId}/update`, { status: 'IN_PROGRESS', statusDetails });
  return { device, jobId };
}

async function detailsOf(device: Device, jobId: string): Promise<unknown> {
  const { execution } = await device.accepted(`${jobId}/get`);
  return (execution as { statusDetails?: unknown }).statusDetails;
}
