/** A real browser before the console of a test's cloud. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { JobCloud } from '../../../local-cloud/job-cloud.ts';
import { PATIENCE } from '../../fixtures/patience.ts';

/** Debian's packages of these names. The first has no windows to draw, and takes half the time of a processor. */
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const executablePath = BROWSERS.find((path) => existsSync(path));
/** A busy machine may take a while; what never comes must still fail before the test's own limit. */
const WAIT_MS = PATIENCE.timeout;

export const hasBrowser = executablePath !== undefined;
if (!hasBrowser) process.stderr.write(`WARNING: ${BROWSERS.at(-1)} is not there: the web console is not tested\n`);

/** One browser for the tests of a file, each with a profile of its own. */
export function useBrowser(): { openConsole(cloud: JobCloud, options?: OpenOptions): Promise<Page> } {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (executablePath === undefined) return;
    browser = await chromium.launch({
      executablePath,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
  });
  return {
    openConsole: async (cloud, options = {}) => {
      if (!browser) throw new Error('there is no browser');
      return openPage(browser, cloud, options);
    },
  };
}

export interface OpenOptions extends BrowserContextOptions {
  /** The view, as `#/things`; the first one unless given. */
  readonly address?: string;
}

/** The test fails of whatever goes wrong in the page, and when it turns to another host. */
async function openPage(browser: Browser, cloud: JobCloud, { address, ...options }: OpenOptions): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const mistakes: string[] = [];
  page.on('pageerror', (error) => mistakes.push(`the page threw ${error.stack}`));
  page.on('console', (message) => {
    // A request that was refused, or that nobody answered, is told by the browser itself.
    const isOurs = message.type() === 'error' && !message.text().startsWith('Failed to load resource');
    if (isOurs) mistakes.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(cloud.consoleUrl).origin) mistakes.push(`asked ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(mistakes).toEqual([]);
  });
  await page.goto(cloud.consoleUrl);
  await page.getByText('Events: Live').waitFor();
  if (address !== undefined) await goTo(page, address);
  return page;
}

/** To another view, as a link would. */
export async function goTo(page: Page, address: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    if (location.hash === ${JSON.stringify(address)}) return resolve();
    addEventListener('hashchange', resolve, { once: true });
    location.hash = ${JSON.stringify(address)};
  }).then(() => undefined)`);
  await page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
}
