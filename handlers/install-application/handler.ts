import { resolve } from 'node:path';
import {
  commandProblem,
  fileServerProblem,
  type HandlerFacts,
  type ModuleHandler,
  type ParameterProblem,
} from '../../agent/handler-api.ts';
import { nameProblem } from './application.ts';
import { installApplication, undoInstallation } from './installation.ts';
import { type InstallApplicationParameters, installApplicationParameters } from './parameters.ts';
import { planInstallation } from './plan.ts';
import { ownUser } from './unit-file.ts';

/**
 * All files, the unit and the record change together: what changes is in the checkpoint before the first does. Cut off, it
 * goes on; stopped for good, or in failure, everything is put back.
 */
export const installApplicationHandler: ModuleHandler<typeof installApplicationParameters> = {
  operation: 'install-application',
  kind: 'module',
  summary:
    'Installs an application: downloads its files, puts them in place all or none, and makes it a service of systemd.',
  parameters: installApplicationParameters,
  onInterrupted: 'resume',
  exclusive: true,
  needs: 'systemd, for an application with a command',
  check: checkApplication,
  plan: planInstallation,
  run: (context, parameters) => installApplication(context, parameters),
  cleanup: (context, parameters) => undoInstallation(context, parameters),
};

function checkApplication(parameters: InstallApplicationParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const { name, files, command, user } = parameters;
  const program = command?.[0];
  const problems: readonly (readonly [pointer: string, reason: string | undefined])[] = [
    ['/name', nameProblem(name)],
    ...files.map(({ url }, index) => [`/files/${index}/url`, fileServerProblem(url, facts)] as const),
    ...files.map(({ path }, index) => [`/files/${index}/path`, repetition(path, files.slice(0, index))] as const),
    [
      '/user',
      user === undefined || isAllowed(user, facts) ? undefined : 'is neither one of runAsUsers nor the agent’s',
    ],
    ['/command/0', program === '' || program?.startsWith('-') ? 'is no program' : undefined],
  ];
  const wrong = problems.find(([, reason]) => reason !== undefined);
  if (wrong !== undefined) return { pointer: wrong[0], reason: wrong[1] ?? '' };
  return command === undefined ? undefined : commandProblem(command, '/command', facts.allowedCommands);
}

function repetition(path: string, before: InstallApplicationParameters['files']): string | undefined {
  const isSame = (other: string) => resolve('/', other) === resolve('/', path);
  return before.some((file) => isSame(file.path)) ? 'is the path of a file before it, too' : undefined;
}

function isAllowed(user: string, { runAsUsers }: HandlerFacts): boolean {
  return user === ownUser() || runAsUsers.includes(user);
}
