/** What `containers` and `firmware` refuse before any of their programs is looked for. */
import { expect, test } from 'vitest';
import { containersHandler } from '../../handlers/containers/handler.ts';
import { firmwareHandler } from '../../handlers/firmware/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const { facts } = createRecordingContext({ workDir: '/' }).context;

test.each([
  [{}, '', 'expected bundle, a file that a step before has brought, or url'],
  [{ bundle: 'a', url: 'https://a.example/a' }, '/url', 'expected either bundle or url, got both'],
  [{ url: 'https://a.example/a.swu', tool: 'swupdate' as const }, '/url', 'bring the image by download-file'],
  [
    { bundle: 'a', healthTimeoutSeconds: 5 },
    '/healthTimeoutSeconds',
    'means nothing for an update without healthCheck',
  ],
  [{ bundle: 'a', tool: 'rauc' as const, commit: ['true'] }, '/commit', 'means nothing for rauc'],
])('firmware with %j is refused at %j', (parameters, pointer, reason) => {
  const problem = firmwareHandler.check?.(parameters, facts);
  expect(problem).toEqual({ pointer, reason: expect.stringContaining(reason) });
});

test('what is installed by the default tool needs no more than a bundle', () => {
  expect(firmwareHandler.check?.({ bundle: 'a' }, facts)).toBeUndefined();
});

test('no container is given the name that the one before has meanwhile, and one that is left may be removed', () => {
  const container = { name: 'app-previous', image: 'app:1' };
  expect(containersHandler.check?.({ action: 'run', container }, facts)).toEqual({
    pointer: '/container/name',
    reason: 'ends in -previous, as the one before is called meanwhile',
  });
  const left = { name: container.name };
  expect(containersHandler.check?.({ action: 'remove', container: left }, facts)).toBeUndefined();
});
