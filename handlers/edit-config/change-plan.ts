import { type HandlerPlan, programProblem } from '../../agent/handler-api.ts';
import type { ChangeCommands } from './change-parameters.ts';

/** What comes after a change, for its dry run. Programs only: an argument may be a password. */
export function planCommands({ check, apply }: ChangeCommands): HandlerPlan {
  const actions = [check, apply].flatMap((argv) => (argv === undefined ? [] : [toldRun(argv)]));
  const programs = [check, apply].flatMap((argv) => (argv?.[0] === undefined ? [] : [argv[0]]));
  const problems = [...new Set(programs)].flatMap((program) => programProblem(program) ?? []);
  return { actions, problems };
}

function toldRun([program, ...args]: readonly string[]): string {
  const count = `${args.length} ${args.length === 1 ? 'argument' : 'arguments'}`;
  return `run ${program} with ${count}, and put the old content back if it fails`;
}
