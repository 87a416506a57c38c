import { shellWord } from '../files/shell-word.ts';

export interface FileFacts {
  /** As stat(2) gives it. */
  readonly mode: number;
  readonly ownerId: number;
}

/** Whoever can read the private key can be this gateway. @returns what is wrong, each with the command that cures it. */
export function keyAccessProblems(path: string, { mode, ownerId }: FileFacts, userId: number): readonly string[] {
  const problems: string[] = [];
  if (ownerId !== userId && ownerId !== 0) {
    const is = `belongs to user ${ownerId}, who is neither the agent’s user (${userId}) nor root`;
    problems.push(`keyPath: ${path} ${is}; run: chown ${userId} ${shellWord(path)}`);
  }
  if ((mode & 0o077) !== 0) {
    const is = `is open to others than its owner (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`;
    problems.push(`keyPath: ${path} ${is}; run: chmod 600 ${shellWord(path)}`);
  }
  return problems;
}
