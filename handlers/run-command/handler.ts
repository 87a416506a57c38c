import { type CommandHandler, commandProblem, findOnPath } from '../../agent/handler-api.ts';
import { runCommandParameters } from './parameters.ts';

/** Runs one program. Also what AWS-Run-Command and every `runCommand` step of the managed templates become. */
export const runCommandHandler: CommandHandler<typeof runCommandParameters> = {
  operation: 'run-command',
  kind: 'command',
  summary: 'Runs a program with arguments, without a shell.',
  parameters: runCommandParameters,
  check: ({ command }, { allowedCommands }) => commandProblem(command, '/command', allowedCommands),
  needs: 'the program that the document names',
  // Not the arguments: one may be a password.
  plan: async ({ command: [program = '', ...args] }) => ({
    actions: [
      `run ${findOnPath(program) ?? program} with ${args.length} ${args.length === 1 ? 'argument' : 'arguments'}`,
    ],
    problems: [], // that it is not there is found by who asks: so with every handler of this kind
  }),
  command: ({ command: [program = '', ...args] }) => [program, ...args],
};
