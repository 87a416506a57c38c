/** Making a job, right and wrong. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { hasBrowser, useBrowser } from './browser.ts';

const { openConsole } = useBrowser();
const GW_1 = 'arn:aws:iot:us-east-1:123456789012:thing/gw-1';

async function openForm(cloud: TestCloud): Promise<Page> {
  return openConsole(cloud, { address: '#/new-job?thing=gw-1' });
}

async function create(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Create the job' }).click();
}

/** What is said beside a field. */
function problemOf(page: Page, id: string) {
  return page.locator(`#${id}-problem`);
}

describe.skipIf(!hasBrowser)('a job from a document', () => {
  test('is created as it was pasted, for the chosen targets', async () => {
    const cloud = await startTestCloud({ things: ['gw-1', 'gw-2'] });
    await cloud.call('CreateThingGroup', { thingGroupName: 'floor-1' });
    const page = await openForm(cloud);
    await page.getByLabel('Job ID').fill('my-job');
    await page.getByLabel('Name of a thing or group').fill('gw-2');
    await page.getByRole('button', { name: 'Add the target' }).click();
    await page.getByText('thing gw-2').waitFor();
    await page.getByLabel('Kind of target').selectOption('Thing group');
    await page.getByLabel('Name of a thing or group').fill('floor-1');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove group floor-1' }).waitFor();
    await page.getByRole('button', { name: 'Remove thing gw-1' }).click();
    const document = '{ "operation": "noop",\n  "é": 1 }';
    await page.getByRole('textbox', { name: 'Job document' }).fill(document);
    await page.getByText('Description, target selection').click();
    await page.getByLabel('Description (optional)').fill('a first one');
    await page.getByLabel('Further members').fill('{"timeoutConfig":{"inProgressTimeoutInMinutes":5}}');
    await create(page);
    await page.getByRole('heading', { name: 'Job my-job' }).waitFor();
    await page.getByText('Job my-job was created.').waitFor();
    expect((await cloud.call('GetJobDocument', { jobId: 'my-job' })).document).toBe(document);
    expect(await cloud.call('DescribeJob', { jobId: 'my-job' })).toMatchObject({
      job: {
        targets: [GW_1.replace('gw-1', 'gw-2'), 'arn:aws:iot:us-east-1:123456789012:thinggroup/floor-1'],
        description: 'a first one',
        targetSelection: 'SNAPSHOT',
        timeoutConfig: { inProgressTimeoutInMinutes: 5 },
      },
    });
  });

  test.each([
    ['an empty one', '', 'A job document is needed.'],
    [
      'a comma too many',
      '{\n  "operation": "noop",\n}',
      'Line 3, column 1: a name in double quotes (no comma may stand',
    ],
    ['single quotes', "{'operation': 1}", 'Line 1, column 2: a name in double quotes or }'],
    ['half a document', '{"a": 1', 'Line 1, column 8: a comma or } was expected, but the text ends there.'],
    ['an array', '["noop"]', 'A job document is a JSON object'],
    ['one too long', `{"a":"${'x'.repeat(32_768)}"}`, '8 characters too long'],
  ])('%s is explained while it is typed, and makes none', async (_what, document, problem) => {
    const cloud = await startTestCloud();
    const page = await openForm(cloud);
    await page.getByRole('textbox', { name: 'Job document' }).fill('x');
    await page.getByRole('textbox', { name: 'Job document' }).fill(document);
    await problemOf(page, 'document').getByText(problem).waitFor();
    expect(await page.getByRole('textbox', { name: 'Job document' }).getAttribute('aria-invalid')).toBe('true');
    await create(page);
    await page.getByText('The job was not created').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('document');
    expect((await cloud.call('ListJobs', {})).jobs).toEqual([]);
    await page.getByRole('textbox', { name: 'Job document' }).fill('{}');
    await page.locator('#document[aria-invalid="false"]').waitFor();
    expect(await problemOf(page, 'document').textContent()).toBe('');
  });
});

describe.skipIf(!hasBrowser)('a job ID', () => {
  test.each([
    ['', 'A job ID is needed.'],
    ['my job', 'A space cannot be in a job ID'],
    ['my.job', "'.' cannot be in a job ID"],
    ['x'.repeat(65), 'A job ID has at most 64 characters.'],
    ['taken', 'There is a job taken already.'],
  ])('%j is explained', async (jobId, problem) => {
    const cloud = await startTestCloud();
    cloud.createJob({ jobId: 'taken' });
    const page = await openForm(cloud);
    await page.getByLabel('Job ID').fill(jobId);
    await problemOf(page, 'job-id').getByText(problem).waitFor();
  });
});

describe.skipIf(!hasBrowser)('targets', () => {
  test.each([
    ['Thing', 'gw-9', 'There is no thing gw-9.'],
    ['Thing group', 'floor-9', 'There is no group floor-9.'],
  ])('a %s that does not exist is explained', async (kind, name, problem) => {
    const page = await openForm(await startTestCloud());
    await page.getByLabel('Kind of target').selectOption(kind);
    await page.getByLabel('Name of a thing or group').fill(name);
    await page.keyboard.press('Enter');
    await problemOf(page, 'target-name').getByText(problem).waitFor();
  });

  test('none is explained', async () => {
    const page = await openForm(await startTestCloud());
    await page.getByRole('button', { name: 'Remove thing gw-1' }).click();
    await create(page);
    await problemOf(page, 'target-name').getByText('at least one target').waitFor();
  });
});

test.skipIf(!hasBrowser)('what the service refuses is told with its name, and the form stays', async () => {
  const cloud = await startTestCloud();
  const page = await openForm(cloud);
  await page.getByRole('textbox', { name: 'Job document' }).fill('{}');
  await page.getByText('Description, target selection').click();
  await page.getByLabel('Further members').fill('{"timeoutConfig":{"inProgressTimeoutInMinutes":0}}');
  await create(page);
  await page.getByRole('alert').getByText('InvalidRequestException').waitFor();
  expect(await page.getByRole('textbox', { name: 'Job document' }).inputValue()).toBe('{}');
});

describe.skipIf(!hasBrowser)('a job from a template', () => {
  test('managed by AWS: asks for its parameters, and checks them', async () => {
    const cloud = await startTestCloud();
    const page = await openForm(cloud);
    await page.getByLabel('Job ID').fill('from-template');
    await page.getByLabel('A template').check();
    await page.getByLabel('Template', { exact: true }).selectOption('AWS-Run-Command');
    await page.getByLabel('command', { exact: true }).waitFor();
    await create(page);
    await page.getByText('The template needs a value here.').waitFor();
    await page.getByLabel('command', { exact: true }).fill('uname,-a');
    await create(page);
    await page.getByRole('heading', { name: 'Job from-template' }).waitFor();
    const { document } = await cloud.call('GetJobDocument', { jobId: 'from-template' });
    expect(document).toContain('uname,-a');
    expect(document).not.toContain('${aws:iot:parameter:command}');
  });

  test('of an operator: shows its document and description', async () => {
    const cloud = await startTestCloud();
    const document = '{"operation":"noop"}';
    const { jobTemplateArn } = await cloud.call('CreateJobTemplate', {
      jobTemplateId: 'ours',
      description: 'what we do nightly',
      document,
    });
    const page = await openForm(cloud);
    await page.getByLabel('Job ID').fill('from-ours');
    await page.getByLabel('A template').check();
    await page.getByLabel('Template', { exact: true }).selectOption('ours');
    await page.getByText('what we do nightly').waitFor();
    await page.getByText('Job document of the template').click();
    await page.locator('pre').getByText(document).waitFor();
    await create(page);
    await page.getByRole('heading', { name: 'Job from-ours' }).waitFor();
    expect(await cloud.call('DescribeJob', { jobId: 'from-ours' })).toMatchObject({ job: { jobTemplateArn } });
  });

  test('none chosen is explained', async () => {
    const page = await openForm(await startTestCloud());
    await page.getByLabel('A template').check();
    await create(page);
    await problemOf(page, 'template').getByText('A template is to be chosen.').waitFor();
  });
});
