/** How a history is judged: checks C1 to C17, each a function from what happened to what was wrong with it. */
import type { Chronicle } from './chronicle.ts';

/** `reliability` names these in its part on histories; here is what a simulation can see of each. */
export const CHECKS = {
  C1: 'a handler starts once, unless its author lets it run again, and then not for ever',
  C2: 'every execution that was offered and not withdrawn ends',
  C3: 'one end is told, it is the one in the journal, and every update is guarded',
  C4: 'a handler starts after IN_PROGRESS was accepted and its record is on the disk',
  C5: 'what is over is stopped in time, and nothing more is told of it',
  C6: 'a journal gives back what it took, and nothing else',
  C7: 'only what has succeeded is told to have',
  C8: 'nothing is left of what is over: no run, folder or timer',
  C9: 'a handler runs as declared, and what may not run does not',
  C10: 'no secret is written, logged or sent',
  C11: 'requests, records and log lines are bounded',
  C12: 'the agent gets well by itself',
  C13: 'connections are tried slowly, and ever more slowly',
  C14: 'what is another thing’s is nothing to us',
  C15: 'what has succeeded is rolled back in reverse when a later step fails, and nothing else is',
  C16: 'what always runs does so before the end is told',
  C17: 'the first failure is told, and what was rolled back',
} as const;

export type CheckName = keyof typeof CHECKS;

export interface Violation {
  readonly check: CheckName;
  readonly what: string;
  /** The execution it is about, where it is about one. */
  readonly id?: string;
  /** Place in the history. */
  readonly place: number;
}

/** What one check found; `id` is added by who looked at one execution. */
export type Complain = (what: string, place: number, id?: string) => void;

export type Check = (chronicle: Chronicle, complain: Complain) => void;
