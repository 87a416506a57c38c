export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6';

/** An invariant of the design that a decision has broken. */
export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, what: string, facts: unknown) {
    super(`${invariant}: ${what}: ${JSON.stringify(facts)}`);
    this.invariant = invariant;
  }
}
