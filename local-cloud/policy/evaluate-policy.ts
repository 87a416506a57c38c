/**
 * What policies say of a request (IAM User Guide, "Policy evaluation logic"): denied unless a statement allows it, and a
 * statement that denies it wins over all that allow it.
 */
import type { PolicyDocument, PolicyStatement } from './parse-policy.ts';
import { conditionHolds } from './policy-conditions.ts';
import type { PolicyPattern, PolicyVariables } from './policy-pattern.ts';
import { matchesPattern, resolvePattern } from './policy-pattern.ts';

export type { PolicyDocument } from './parse-policy.ts';
export { MalformedPolicy, parsePolicyDocument } from './parse-policy.ts';
export type { PolicyVariables } from './policy-pattern.ts';

export interface PolicyRequest {
  /** `iot:Publish`, in any case. */
  readonly action: string;
  /** An ARN, or `*` for an action that is on no resource. */
  readonly resource: string;
  /** Condition keys and policy variables, by name: `iot:ClientId`. One that is undefined or not there is unknown. */
  readonly variables: PolicyVariables;
}

export type PolicyDecision = 'allowed' | 'explicitDeny' | 'implicitDeny';

export function evaluatePolicies(documents: readonly PolicyDocument[], request: PolicyRequest): PolicyDecision {
  let allowed = false;
  for (const { statements } of documents) {
    for (const statement of statements) {
      if ((statement.effect === 'Allow' && allowed) || !applies(statement, request)) continue;
      if (statement.effect === 'Deny') return 'explicitDeny';
      allowed = true;
    }
  }
  return allowed ? 'allowed' : 'implicitDeny';
}

function applies(statement: PolicyStatement, { action, resource, variables }: PolicyRequest): boolean {
  const isNamed = selects(statement.actions, action.toLowerCase(), variables);
  if (isNamed === 'unresolvable' || isNamed === statement.exceptActions) return false;
  const isMeant = selects(statement.resources, resource, variables);
  if (statement.exceptResources ? isMeant !== false : isMeant !== true) return false;
  return statement.conditions.every((condition) => conditionHolds(condition, variables) === true);
}

/** `unresolvable` where no pattern selects the text, and one of them could not be told. */
function selects(
  patterns: readonly PolicyPattern[],
  text: string,
  variables: PolicyVariables,
): boolean | 'unresolvable' {
  let unresolvable = false;
  for (const pattern of patterns) {
    const resolved = resolvePattern(pattern, variables);
    if (resolved === undefined) unresolvable = true;
    else if (matchesPattern(resolved, text)) return true;
  }
  return unresolvable ? 'unresolvable' : false;
}
