/** What must never be, whenever an agent is killed. */

export type ViolationKind =
  /** A run too many of an execution whose handler did not ask for it, or one that nobody was told of before it. */
  | 'doubled runs'
  /** The service was not told, or not what the agent had journaled, or something that is not so. */
  | 'lost reports'
  /** An agent that could not read its journal, or found another one than it had. */
  | 'journal errors'
  /** A process or folder of an execution that is over. */
  | 'leftovers'
  /** An agent that ended by itself, hung, or met a fault of its own. */
  | 'crashes';

export const VIOLATION_KINDS: readonly ViolationKind[] = [
  'crashes',
  'leftovers',
  'doubled runs',
  'lost reports',
  'journal errors',
];

export interface Violation {
  readonly kind: ViolationKind;
  readonly what: string;
  /** Whatever helps to find out why. */
  readonly facts: Readonly<Record<string, unknown>>;
}
