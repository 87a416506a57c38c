import { expect, test } from 'vitest';
import { runCommandHandler } from '../../handlers/run-command/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const { facts } = createRecordingContext({ workDir: '/' }).context;

test('the argument list is passed on as it is', () => {
  const argv = runCommandHandler.command({ command: ['ls', '-l', ';', ''] }, facts);
  expect(argv).toEqual(['ls', '-l', ';', '']);
});

test.each(['ls', '/bin/ls', 'ls ', '$(id)'])('the program %j may be tried', (program) => {
  expect(runCommandHandler.check?.({ command: [program] }, facts)).toBeUndefined();
});

test.each(['', '  ', './ls', 'bin/ls', '../bin/ls'])('the program %j is refused', (program) => {
  expect(runCommandHandler.check?.({ command: [program] }, facts)?.pointer).toBe('/command/0');
});
