/** docs/handler-api.md has the version of the handler API, and every function and constant that a handler can import. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as handlerApi from '../../agent/handler-api.ts';

const page = await readFile(new URL('../../docs/handler-api.md', import.meta.url), 'utf8');

test('the page has the version, and a list of its changes', () => {
  expect(page).toContain(`This is version ${handlerApi.HANDLER_API_VERSION}.`);
  expect(page).toContain(`### Version ${handlerApi.HANDLER_API_VERSION}\n`);
});

test('every name that is exported is in the changes of a version', () => {
  const [, changes = ''] = page.split('\n## Changes\n');
  const untold = Object.keys(handlerApi).filter((name) => !changes.includes(`\`${name}`));
  expect(untold, 'names to add to docs/handler-api.md').toEqual(['HANDLER_API_VERSION']);
});
