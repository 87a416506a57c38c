/** Which certificates and thing groups a policy is attached to. */
import type { JobsState } from '../jobs-service/state.ts';
import { invalidRequest, notFound } from './answers.ts';
import { certificateOfArn } from './certificates.ts';
import { ancestorsOf } from './group-tree.ts';
import type { ThingGroup } from './registry-state.ts';
import { nameInArn } from './resource-names.ts';

/** ARNs of what the policy is attached to. */
export function targetsOf(state: JobsState, policyName: string): readonly string[] {
  const { certificates, groupPolicies } = state.registry;
  const attached = [...certificates.values()].filter(({ policies }) => policies.has(policyName));
  const groups = [...groupPolicies].filter(([, policies]) => policies.has(policyName));
  return [...attached.map(({ certificateArn }) => certificateArn), ...groups.map(([arn]) => arn)];
}

export interface PolicyTarget {
  /** Names of the policies attached to it; add and delete here. */
  readonly policies: Set<string>;
  /** Where it is a thing group. */
  readonly group: ThingGroup | undefined;
}

/**
 * What an ARN names that can carry policies: a certificate or a thing group.
 * @throws ControlError
 */
export function policyTarget(state: JobsState, target: string): PolicyTarget {
  if (nameInArn('cert', target) !== undefined) {
    return { policies: certificateOfArn(state, target).policies, group: undefined };
  }
  const groupName = nameInArn('thinggroup', target);
  if (groupName === undefined) throw invalidRequest(`Policies cannot be attached to ${target}`);
  const group = state.registry.groups.get(groupName);
  if (!group) throw notFound(`Thing group ${target}`);
  const { groupPolicies } = state.registry;
  const policies = groupPolicies.get(target) ?? new Set<string>();
  groupPolicies.set(target, policies);
  return { policies, group };
}

/** Names of the policies of a thing group and of all groups above it, which it inherits. */
export function inheritedPolicies(state: JobsState, group: ThingGroup): ReadonlySet<string> {
  const { groupPolicies } = state.registry;
  const arns = [group, ...ancestorsOf(state, group)].map(({ thingGroupArn }) => thingGroupArn);
  return new Set(arns.flatMap((arn) => [...(groupPolicies.get(arn) ?? [])]));
}
