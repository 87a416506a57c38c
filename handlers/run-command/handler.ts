import { type CommandHandler, commandProblem } from '../../agent/handler-api.ts';
import { runCommandParameters } from './parameters.ts';

/** Runs one program. Also what AWS-Run-Command and every `runCommand` step of the managed templates become. */
export const runCommandHandler: CommandHandler<typeof runCommandParameters> = {
  operation: 'run-command',
  kind: 'command',
  summary: 'Runs a program with arguments, without a shell.',
  parameters: runCommandParameters,
  check: ({ command }, { allowedCommands }) => commandProblem(command, '/command', allowedCommands),
  command: ({ command: [program = '', ...args] }) => [program, ...args],
};
