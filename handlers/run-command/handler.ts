import type { CommandHandler, ParameterProblem } from '../../agent/handler-api.ts';
import { type RunCommandParameters, runCommandParameters } from './parameters.ts';

/** Runs one program. Also what AWS-Run-Command and every `runCommand` step of the managed templates become. */
export const runCommandHandler: CommandHandler<typeof runCommandParameters> = {
  operation: 'run-command',
  kind: 'command',
  summary: 'Runs a program with arguments, without a shell.',
  parameters: runCommandParameters,
  check: checkProgram,
  command: ({ command: [program = '', ...args] }) => [program, ...args],
};

/** A relative path would mean something else in each working folder. */
function checkProgram({ command: [program = ''] }: RunCommandParameters): ParameterProblem | undefined {
  if (program.trim() === '') return { pointer: '/command/0', reason: 'expected a program, got an empty string' };
  if (!program.includes('/') || program.startsWith('/')) return undefined;
  return { pointer: '/command/0', reason: 'expected an absolute path or a name on PATH, got a relative path' };
}
