/** How a claim names its maker, in a status detail that the service keeps until another update replaces it. */
import type { AgentIdentity } from './state.ts';

/** The status detail that says who made a claim: a journal, and a boot of the machine. */
export const CLAIM_DETAIL = 'claimedBy';

/** @returns the value of `CLAIM_DETAIL` of a claim made now. */
export function claimMark({ journalId, bootId }: AgentIdentity): string {
  return `${journalId}/${bootId}`;
}
