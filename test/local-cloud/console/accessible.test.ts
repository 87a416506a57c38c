/** Usable by keyboard, screen reader and on a phone, in both colour schemes. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { goTo, hasBrowser, useBrowser } from './browser.ts';
import { startFullCloud, VIEWS } from './every-view.ts';

const { openConsole } = useBrowser();

/** What axe finds wrong, of whatever weight: rule, and where. */
async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found: readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[] =
    await page.evaluate('axe.run(document).then(({ violations }) => violations)');
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

describe.skipIf(!hasBrowser).each(['light', 'dark'] as const)(
  'in the %s colour scheme axe finds nothing wrong',
  (scheme) => {
    test('with any view', async () => {
      const cloud = await startFullCloud();
      const page = await openConsole(cloud, { colorScheme: scheme });
      const found: Record<string, readonly string[]> = {};
      for (const [name, address] of Object.entries(VIEWS)) {
        await goTo(page, address);
        await openDetails(page);
        found[name] = await violationsOf(page);
      }
      expect(found).toEqual(Object.fromEntries(Object.keys(VIEWS).map((name) => [name, []])));
    });

    test('with a dialog, fields with problems, a template’s parameters, and a lost connection', async () => {
      const cloud = await startFullCloud();
      const page = await openConsole(cloud, { colorScheme: scheme, address: '#/jobs/update' });
      await page.getByRole('button', { name: 'Cancel by force…' }).click();
      expect(await violationsOf(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await goTo(page, '#/new-job');
      await page.getByLabel('A template').check();
      await page.getByLabel('Template', { exact: true }).selectOption('AWS-Run-Command');
      await page.getByLabel('command', { exact: true }).waitFor();
      await page.getByLabel('Job ID').fill('not one');
      await page.getByText('A space cannot be').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await cloud.close();
      await page.getByText('Connection to job-cloud lost').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.evaluate('sessionStorage.clear()');
    });

    test('where one signs in', async () => {
      const cloud = await startTestCloud();
      const page = await openConsole(cloud, { colorScheme: scheme });
      await page.evaluate('sessionStorage.clear()');
      await page.reload();
      await page.getByLabel('Token').fill('?');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('That is not a token.').waitFor();
      expect(await violationsOf(page)).toEqual([]);
    });
  },
);

test.skipIf(!hasBrowser)('nothing is wider than a screen of 320 pixels', async () => {
  const cloud = await startFullCloud();
  const page = await openConsole(cloud, { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
  const widths: Record<string, unknown> = {};
  for (const [name, address] of Object.entries(VIEWS)) {
    await goTo(page, address);
    await openDetails(page);
    widths[name] = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
  }
  expect(widths).toEqual(Object.fromEntries(Object.keys(VIEWS).map((name) => [name, [320, 320]])));
});

test.skipIf(!hasBrowser)('who wants less motion gets none', async () => {
  const page = await openConsole(await startTestCloud(), { reducedMotion: 'reduce' });
  const moving = await page.evaluate(`[...document.querySelectorAll('*')].filter((element) => {
    const { transitionDuration, animationName } = getComputedStyle(element);
    return transitionDuration !== '0s' || animationName !== 'none';
  }).length`);
  expect(moving).toBe(0);
});

describe.skipIf(!hasBrowser)('by keyboard alone', () => {
  test('Tab goes through every view once, and shows where it is', async () => {
    const cloud = await startFullCloud();
    const page = await openConsole(cloud);
    for (const [name, address] of Object.entries(VIEWS)) {
      await goTo(page, address);
      // So that it begins where the page does.
      await page.reload();
      await page.getByText('Events: Live').waitFor();
      await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
      const wanted = await page.evaluate(FOCUSABLE_COUNT);
      const stops = await tabStops(page);
      expect({ name, hidden: stops.filter((stop) => stop.outline === 'none') }).toEqual({ name, hidden: [] });
      expect({ name, stops: stops.length }).toEqual({ name, stops: wanted });
    }
  });

  test('a job is created, looked at and cancelled', async () => {
    const cloud = await startTestCloud();
    const page = await openConsole(cloud);
    const { keyboard } = page;
    await keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    expect(await focused(page)).toBe('Create a job');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Create a job' }).waitFor();
    expect(await focused(page)).toBe('Create a job');
    await keyboard.press('Tab');
    await keyboard.press('Control+A');
    await keyboard.type('by-keyboard');
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.type('gw-1');
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove thing gw-1' }).waitFor();
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    await keyboard.type('{"operation":"noop"}');
    await keyboard.press('Tab');
    await keyboard.press('Tab');
    expect(await focused(page)).toBe('Create the job');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Job by-keyboard' }).waitFor();
    await page.getByRole('button', { name: 'Cancel…' }).waitFor();
    for (let presses = 0; presses < 10 && (await focused(page)) !== 'Cancel…'; presses++) await keyboard.press('Tab');
    await keyboard.press('Enter');
    expect(await focused(page)).toBe('Keep the job');
    await keyboard.press('Tab');
    await keyboard.press('Space');
    await page.getByText('Job by-keyboard was cancelled.').waitFor();
    expect((await cloud.call('DescribeJob', { jobId: 'by-keyboard' })).job).toMatchObject({ status: 'CANCELED' });
  });
});

async function focused(page: Page): Promise<unknown> {
  return page.evaluate('document.activeElement.textContent');
}

/** What is folded away is a part of the view too. */
async function openDetails(page: Page): Promise<void> {
  await page.evaluate(`for (const details of document.querySelectorAll('details')) details.open = true; undefined`);
}

/** As the browser should find them; a group of radio buttons is one stop. */
const FOCUSABLE_COUNT = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, pre[tabindex="0"]')]
  .filter((element) => element.checkVisibility() && !element.disabled && !(element.type === 'radio' && !element.checked))
  .length`;

/** Until the focus leaves the page or comes round. */
async function tabStops(page: Page): Promise<readonly { outline: string }[]> {
  const stops: { outline: string }[] = [];
  await page.evaluate('window.seen = new Set(); undefined');
  for (;;) {
    await page.keyboard.press('Tab');
    const outline = await page.evaluate<string | null>(`(() => {
      const element = document.activeElement;
      if (element === document.body || seen.has(element)) return null;
      seen.add(element);
      return getComputedStyle(element).outlineStyle;
    })()`);
    if (outline === null) return stops;
    stops.push({ outline });
  }
}
