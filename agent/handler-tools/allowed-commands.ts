/** Which programs a job document may name. Nothing here reads the disk: what a path leads to is asked when it is run. */

export interface CommandProblem {
  /** JSON pointer into the parameters. */
  readonly pointer: string;
  readonly reason: string;
}

/** At the end of an entry: whatever arguments follow. */
const ANY_ARGUMENTS = '*';

/**
 * @param pointer where the argument list stands. @param allowed the setting `allowedCommands`.
 * @returns what is wrong with an argument list, without its arguments: one may be a password.
 */
export function commandProblem(
  command: readonly string[],
  pointer: string,
  allowed: readonly string[],
): CommandProblem | undefined {
  const [program = ''] = command;
  if (program.trim() === '') return { pointer: `${pointer}/0`, reason: 'expected a program, got an empty string' };
  if (program.includes('/') && !program.startsWith('/')) {
    // It would mean something else in each working folder.
    return { pointer: `${pointer}/0`, reason: 'expected an absolute path or a name on PATH, got a relative path' };
  }
  if (allowed.length === 0 || allowed.some((entry) => isAllowedBy(entry, command))) return undefined;
  return { pointer, reason: `is none of allowedCommands: ${listOf(allowed)}` };
}

/**
 * As in sudoers(5): a program without arguments stands for any, one with arguments for just these. Words are compared as
 * they are: another path to the same file is another program.
 */
function isAllowedBy(entry: string, command: readonly string[]): boolean {
  const words = entry.split(' ');
  const isOpen = words.length === 1 || words.at(-1) === ANY_ARGUMENTS;
  const fixed = words.length > 1 && isOpen ? words.slice(0, -1) : words;
  if (isOpen ? command.length < fixed.length : command.length !== fixed.length) return false;
  return fixed.every((word, index) => word === command[index]);
}

/** A status detail takes 1,024 characters (AWS IoT API Reference, DetailsMap), and other words stand before it. */
const MAX_LIST_LENGTH = 700;

function listOf(allowed: readonly string[]): string {
  const list = allowed.map((entry) => JSON.stringify(entry)).join(', ');
  return list.length <= MAX_LIST_LENGTH ? list : `${list.slice(0, MAX_LIST_LENGTH)}…`;
}
