/** What a person sees who only looks. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { goTo, hasBrowser, useBrowser } from './browser.ts';
import { connectDevice } from './device.ts';

const { openConsole } = useBrowser();

function row(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
}

describe.skipIf(!hasBrowser)('the console', () => {
  test('shows a thing connect and leave, and says so', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    const page = await openConsole(cloud, { address: '#/things' });
    await row(page, 'gw-1').getByText('Not connected').waitFor();
    const device = await connectDevice(cloud, 'gw-1');
    await row(page, 'gw-1').getByText('Connected', { exact: true }).waitFor();
    await page.getByText('gw-1 connected', { exact: true }).waitFor();
    expect(await row(page, 'gw-2').textContent()).toContain('Not connected');
    await device.leave();
    await row(page, 'gw-1').getByText('Not connected').waitFor();
  });

  test('follows an execution to its end, with its progress and its timeline', async () => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'update', document: { operation: 'download-file' } });
    const page = await openConsole(cloud, { address: '#/executions/gw-1/update/1' });
    const status = page.locator('.headline .status');
    expect(await status.textContent()).toBe('QUEUED');
    const device = await connectDevice(cloud, 'gw-1');
    await device.startNext({ percent: '10' });
    const bar = page.getByRole('progressbar');
    await page.getByText('10 %').waitFor();
    await device.update('update', { status: 'IN_PROGRESS', statusDetails: { percent: '60', step: 'install' } });
    await page.getByText('60 %').waitFor();
    expect(await bar.getAttribute('value')).toBe('60');
    expect(await row(page, 'step').textContent()).toContain('install');
    await device.update('update', { status: 'SUCCEEDED', statusDetails: { result: 'installed' } });
    await page.locator('.headline').getByText('SUCCEEDED').waitFor();
    const timeline = page.locator('.timeline > li');
    expect(await timeline.locator('.status').allTextContents()).toEqual([
      'QUEUED',
      'IN_PROGRESS',
      'IN_PROGRESS',
      'SUCCEEDED',
    ]);
    expect(await timeline.nth(2).textContent()).toContain('by the device, version 3');
    expect(await timeline.nth(2).getByRole('listitem').allTextContents()).toEqual(['percent: 60', 'step: install']);
    await page.getByText('The execution is SUCCEEDED', { exact: true }).waitFor();
  });

  test('counts a job’s executions as they change', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    const page = await openConsole(cloud);
    await page.getByText('There are no jobs yet.').waitFor();
    cloud.createJob({ jobId: 'a', things: ['gw-1', 'gw-2'] });
    await row(page, 'a').getByText('2 QUEUED').waitFor();
    const device = await connectDevice(cloud, 'gw-1');
    await device.startNext();
    await device.update('a', { status: 'FAILED' });
    await row(page, 'a').getByText('1 FAILED').waitFor();
  });

  test('finds jobs by their status and a part of their ID, and keeps both in the address', async () => {
    const cloud = await startTestCloud();
    for (const jobId of ['nightly-1', 'nightly-2', 'firmware']) cloud.createJob({ jobId });
    await cloud.call('CancelJob', { jobId: 'nightly-2' });
    const page = await openConsole(cloud);
    await page.getByLabel('Search by ID or description').fill('NIGHT');
    await page.getByText('2 fit').waitFor();
    await page.getByLabel('Status').selectOption('CANCELED');
    await page.getByText('1 fit').waitFor();
    expect(await page.getByRole('rowheader').allTextContents()).toEqual(['nightly-2']);
    await page.reload();
    await page.getByText('1 fit').waitFor();
    expect(await page.getByLabel('Search by ID or description').inputValue()).toBe('NIGHT');
  });

  test('leaves the focus and what is opened alone while the view changes', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    cloud.createJob({ jobId: 'a', things: ['gw-1', 'gw-2'] });
    const page = await openConsole(cloud, { address: '#/jobs/a' });
    await page.getByText('Job document (').click();
    await page.getByRole('link', { name: 'gw-2 #1' }).focus();
    const device = await connectDevice(cloud, 'gw-1');
    await device.startNext({ percent: '50' });
    await page.getByText('50 %').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('gw-2 #1');
    expect(await page.getByLabel('Job document', { exact: true }).isVisible()).toBe(true);
  });

  test('says that the connection is lost, and catches up when it is there again', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud, { address: '#/things' });
    await cloud.close();
    await page.getByText('Connection to job-cloud lost').waitFor();
    expect(await page.getByText('Events: Connection lost').isVisible()).toBe(true);
    await startTestCloud({ dataDir: cloud.dataDir, httpPort: cloud.httpPort, things: ['gw-1', 'gw-new'] });
    await row(page, 'gw-new').waitFor();
    expect(await page.getByText('Connection to job-cloud lost').isVisible()).toBe(false);
    await page.getByText('Events: Live').waitFor();
  });

  test('says what does not exist', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud);
    await goTo(page, '#/clock');
    await page.evaluate(`location.hash = '#/jobs/nothing'`);
    await page.getByRole('alert').getByText('ResourceNotFoundException: Job nothing does not exist').waitFor();
  });
});

describe.skipIf(!hasBrowser)('the token', () => {
  test('leaves the address at once, and is kept by the tab', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud);
    expect(page.url()).toBe(`http://127.0.0.1:${cloud.httpPort}/console#/jobs`);
    await page.reload();
    await page.getByText('Events: Live').waitFor();
  });

  test('is asked for when it is missing or wrong', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud);
    const [, token = ''] = cloud.consoleUrl.split('#token=');
    await page.evaluate('sessionStorage.clear()');
    await page.reload();
    await page.getByLabel('Token').fill('not-the-right-one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The token was refused').waitFor();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Events: Live').waitFor();
  });
});

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

test.skipIf(!hasBrowser)('what devices and documents say is shown as text, never as markup', async () => {
  const cloud = await startTestCloud();
  cloud.createJob({ jobId: 'a', document: { operation: HOSTILE } });
  const targets = ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'];
  await cloud.call('CreateJob', { jobId: 'b', targets, document: '{}', description: HOSTILE });
  const device = await connectDevice(cloud, 'gw-1');
  await device.startNext({ reason: HOSTILE, percent: '<b>50</b>' });
  const page = await openConsole(cloud);
  await page.getByText(HOSTILE).waitFor();
  await goTo(page, '#/jobs/a');
  await page.getByText('Job document (').click();
  await page.locator('pre').getByText('onerror').waitFor();
  await goTo(page, '#/executions/gw-1/a/1');
  expect(await row(page, 'reason').locator('.value').textContent()).toBe(HOSTILE);
  expect(await page.getByRole('progressbar').count()).toBe(0);
  expect(await page.title()).toBe('a on gw-1 #1 – job-cloud');
  expect(await page.locator('main img, main script, main b').count()).toBe(0);
});
