import { type HandlerPlan, programProblem } from '../../agent/handler-api.ts';
import type { ChangeCommands } from './change-parameters.ts';

/** What comes after a change, for its dry run. Programs only: an argument may be a password. */
export function planCommands({ check, apply }: ChangeCommands): HandlerPlan {
  const actions = [
    ...(check === undefined
      ? []
      : [`run ${check[0]} with ${check.length - 1} arguments, and put the old content back if it fails`]),
    ...(apply === undefined
      ? []
      : [`run ${apply[0]} with ${apply.length - 1} arguments, and put the old content back if it fails`]),
  ];
  const programs = [check, apply].flatMap((argv) => (argv?.[0] === undefined ? [] : [argv[0]]));
  const problems = [...new Set(programs)].flatMap((program) => programProblem(program) ?? []);
  return { actions, problems };
}
