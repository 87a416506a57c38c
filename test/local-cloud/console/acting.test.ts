/** What a person does to jobs, things, faults and the clock. */
import { describe, expect, test } from 'vitest';
import { connectThing, startTestCloud } from '../../fixtures/job-cloud.ts';
import { goTo, hasBrowser, useBrowser } from './browser.ts';
import { connectDevice } from './device.ts';

const { openConsole } = useBrowser();

describe.skipIf(!hasBrowser)('a job', () => {
  test('is cancelled with a comment, after being told what happens; what runs goes on', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    cloud.createJob({ jobId: 'a', things: ['gw-1', 'gw-2'] });
    const device = await connectDevice(cloud, 'gw-1');
    await device.startNext();
    const page = await openConsole(cloud, { address: '#/jobs/a' });
    await page.getByRole('button', { name: 'Cancel…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel job a?' });
    expect(await dialog.textContent()).toContain('Queued and cancelled: 1 execution.');
    expect(await dialog.textContent()).toContain('In progress and going on to the end: 1 execution.');
    await dialog.getByLabel('Comment (optional)').fill('not this week');
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    await page.getByText('Job a was cancelled.').waitFor();
    await page.getByText('not this week', { exact: true }).waitFor();
    await page.getByText('1 IN_PROGRESS, 1 CANCELED').waitFor();
    await device.update('a', { status: 'SUCCEEDED' });
    await page.getByText('1 SUCCEEDED, 1 CANCELED').waitFor();
  });

  test('is cancelled by force with what runs', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const device = await connectDevice(cloud, 'gw-1');
    await device.startNext();
    const page = await openConsole(cloud, { address: '#/jobs/a' });
    await page.getByRole('button', { name: 'Cancel by force…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job by force' }).click();
    await page.getByText('1 CANCELED').waitFor();
    await expect(device.update('a', { status: 'SUCCEEDED' })).rejects.toThrow('InvalidStateTransition');
  });

  test('stays when the question is answered with Escape, and the focus goes back', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const page = await openConsole(cloud, { address: '#/jobs/a' });
    await page.getByRole('button', { name: 'Delete…' }).click();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Keep the job');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Delete…');
    expect((await cloud.call('DescribeJob', { jobId: 'a' })).job).toMatchObject({ status: 'IN_PROGRESS' });
  });

  test('is deleted, by force while it is not over', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const page = await openConsole(cloud, { address: '#/jobs/a' });
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the job by force' }).click();
    await page.getByRole('heading', { name: 'Jobs' }).waitFor();
    await page.getByText('Job a is being deleted.').waitFor();
  });
});

describe.skipIf(!hasBrowser)('an execution', () => {
  test('that is queued is cancelled', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const page = await openConsole(cloud, { address: '#/executions/gw-1/a/1' });
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel it' }).click();
    await page.locator('.headline').getByText('CANCELED').waitFor();
    expect(await page.locator('.timeline').textContent()).toContain('by an operator');
  });

  test('in progress is cancelled by force alone', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    await (await connectDevice(cloud, 'gw-1')).startNext();
    const page = await openConsole(cloud, { address: '#/executions/gw-1/a/1' });
    expect(await page.getByRole('button', { name: 'Cancel…' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Cancel by force…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel it by force' }).click();
    await page.locator('.headline').getByText('CANCELED').waitFor();
    await page.getByText('by force', { exact: true }).waitFor();
  });

  test('that is over is deleted', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a' });
    const device = await connectDevice(cloud, 'gw-1');
    await device.startNext();
    await device.update('a', { status: 'SUCCEEDED' });
    const page = await openConsole(cloud, { address: '#/executions/gw-1/a/1' });
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('heading', { name: 'Job a' }).waitFor();
    await page.getByText('There are no executions.').waitFor();
  });
});

describe.skipIf(!hasBrowser)('a thing', () => {
  test('is added, and can connect', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud, { address: '#/things' });
    await page.getByText('Add a thing', { exact: true }).click();
    await page.getByLabel('Name of the new thing').fill('press_7');
    await page.getByRole('button', { name: 'Add the thing' }).click();
    await page.getByText('Thing press_7 is there.').waitFor();
    await page.getByRole('link', { name: 'press_7' }).waitFor();
    await connectThing(cloud, 'press_7');
    await page.getByText('1 connected altogether').waitFor();
  });

  test('is disconnected', async () => {
    const cloud = await startTestCloud();
    const client = await connectThing(cloud, 'gw-1');
    const closed = new Promise((resolve) => client.once('close', () => resolve('closed')));
    const page = await openConsole(cloud, { address: '#/things/gw-1' });
    await page.getByRole('button', { name: 'End its connection' }).click();
    expect(await closed).toBe('closed');
    await page.getByText('Not connected').waitFor();
    expect(await page.getByRole('button', { name: 'End its connection' }).isDisabled()).toBe(true);
  });
});

describe.skipIf(!hasBrowser)('a fault', () => {
  test('is turned on, is seen to strike, and is turned off', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud, { address: '#/faults' });
    await page.getByRole('button', { name: 'Notifications lost' }).click();
    await page.getByText('Fault notifications-lost is on.').waitFor();
    await page.getByRole('button', { name: 'Notifications lost', pressed: true }).waitFor();
    await connectThing(cloud, 'gw-1');
    cloud.createJob({ jobId: 'a' });
    const struck = page.getByRole('row').filter({ hasText: 'notifications-lost' }).getByRole('cell').nth(1);
    await expect.poll(async () => Number(await struck.textContent())).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Turn off notifications-lost' }).click();
    await page.getByText('No fault is on.').waitFor();
    expect(cloud.faults.settings().rules).toEqual([]);
  });

  test('of one’s own is turned on; one that is none is explained', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud, { address: '#/faults' });
    await page.getByLabel('Name', { exact: true }).fill('slow');
    await page.getByLabel('What goes wrong').selectOption('answer late');
    await page.getByLabel('Thing', { exact: true }).fill('gw-1');
    await page.getByLabel('Probability').fill('7');
    await page.getByRole('button', { name: 'Turn this fault on' }).click();
    await page.getByRole('alert').getByText('probability').waitFor();
    await page.getByLabel('Probability').fill('0.5');
    await page.getByLabel('Delay in milliseconds').fill('700');
    await page.getByRole('button', { name: 'Turn this fault on' }).click();
    await page.getByText('Fault slow is on.').waitFor();
    expect(cloud.faults.settings().rules).toMatchObject([
      { id: 'slow', on: 'answer', fault: 'late', thingName: 'gw-1', probability: 0.5, delayMs: 700 },
    ]);
  });

  test('each ready-made one is one that the cloud takes', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud, { address: '#/faults' });
    const presets = page.locator('.presets button');
    const count = await presets.count();
    expect(count).toBeGreaterThan(5);
    for (let index = 0; index < count; index++) {
      await presets.nth(index).click();
      await page.locator('.presets button[aria-pressed="true"]').nth(index).waitFor();
    }
    expect(cloud.faults.settings().rules).toHaveLength(count);
    await page.getByRole('button', { name: 'Turn all faults off' }).click();
    await page.getByText('No fault is on.').waitFor();
  });
});

describe.skipIf(!hasBrowser)('the clock', () => {
  test('is turned forward, and an execution times out', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'a', timeoutInMinutes: 50 });
    await (await connectDevice(cloud, 'gw-1')).startNext();
    const page = await openConsole(cloud, { address: '#/clock' });
    await page.getByText('as this machine’s clock').waitFor();
    await page.getByRole('button', { name: 'Forward 1 hour' }).click();
    await page.getByText('1 h ahead of this machine').waitFor();
    await goTo(page, '#/executions/gw-1/a/1');
    await page.locator('.headline').getByText('TIMED_OUT').waitFor();
    expect(await page.locator('.timeline').textContent()).toContain('by the service');
  });

  test('takes any whole amount, and explains what is none', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud, { address: '#/clock' });
    await page.getByLabel('Another amount').fill('1.5');
    await page.getByRole('button', { name: 'Turn it forward' }).click();
    await page.getByText('A whole number above 0 is needed.').waitFor();
    await page.getByLabel('Another amount').fill('3');
    await page.getByLabel('Unit').selectOption('days');
    await page.getByRole('button', { name: 'Turn it forward' }).click();
    await page.getByText('3 d ahead of this machine').waitFor();
    expect(cloud.clock.offsetMs()).toBe(3 * 24 * 3_600_000);
  });
});
