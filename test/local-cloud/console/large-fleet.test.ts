/** A fleet and its history: a page shows one page of it. */
import { expect, test } from 'vitest';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { goTo, hasBrowser, useBrowser } from './browser.ts';

const { openConsole } = useBrowser();

test.skipIf(!hasBrowser)('1,000 things and 10,000 jobs are shown page by page, and found', async () => {
  const cloud = await startTestCloud();
  const name = (number: number) => `gw-${String(number).padStart(4, '0')}`;
  for (let number = 0; number < 1_000; number++) cloud.jobs.addThing(name(number));
  for (let number = 0; number < 10_000; number++)
    cloud.createJob({ jobId: `job-${number}`, things: [name(number % 1_000)] });
  const page = await openConsole(cloud);
  await page.getByText('1–50 of 10,000').waitFor();
  expect(await page.locator('tbody tr').count()).toBe(50);
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.getByText('51–100 of 10,000').waitFor();
  expect(await page.locator('tbody th').first().textContent()).toBe('job-9949');
  await page.goBack();
  await page.getByText('1–50 of 10,000').waitFor();

  // A burst of changes while somebody looks: more than one client is told of one by one.
  for (let number = 5_000; number < 10_000; number++) cloud.jobs.control('CancelJob', { jobId: `job-${number}` });
  await page.locator('tbody tr').first().getByText('CANCELED', { exact: true }).waitFor();
  await page.getByLabel('Status').selectOption('CANCELED');
  await page.getByText('5,000 fit').waitFor();
  await page.getByLabel('Search by ID or description').fill('job-777');
  await page.getByText('10 fit').waitFor();

  await goTo(page, '#/things');
  await page.getByText('1–50 of 1,001').waitFor();
  expect(await page.locator('tbody tr').count()).toBe(50);
});
