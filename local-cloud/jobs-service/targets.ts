/**
 * Whom a job is for. A target is a thing or a thing group; a group stands for its members and those of the groups below it
 * (Developer Guide, "Static thing groups").
 */
import { descendantsOf, thingsWithin } from '../registry/group-tree.ts';
import type { ThingGroup } from '../registry/registry-state.ts';
import { ControlError } from './control-error.ts';
import type { WaitingThing } from './job-state.ts';
import type { Job, JobsState, Thing } from './state.ts';
import { requireMatch } from './validation.ts';

const TARGET_ARN = /^arn:aws:iot:[a-z0-9-]+:\d{12}:(thing|thinggroup)\/([a-zA-Z0-9:_-]{1,128})$/;

/** The ARNs' form, which AWS's model leaves open. @throws InvalidMember */
export function checkTargets(targets: readonly string[]): void {
  for (const [index, target] of targets.entries()) requireMatch(`targets.${index + 1}.member`, target, TARGET_ARN);
}

/** All things that the targets mean, each once, in the targets' order. @throws ControlError when a target is not there. */
export function resolveTargets(state: JobsState, targets: readonly string[]): WaitingThing[] {
  const found = new Map<Thing, WaitingThing>();
  for (const target of targets) {
    for (const thing of thingsOf(state, target)) {
      if (!found.has(thing)) found.set(thing, { thing, target });
    }
  }
  return [...found.values()];
}

/** The target through which the job is for that thing now, or undefined. Membership in `but` is not looked at. */
export function targetOf(state: JobsState, job: Job, thing: Thing, but?: ThingGroup): string | undefined {
  return job.targets.find((target) => {
    if (target === thing.thingArn) return true;
    const group = groupOf(state, target);
    if (!group) return false;
    return groupAndBelow(state, group).some((one) => one !== but && one.things.has(thing.thingName));
  });
}

/** The group of that name, if it is the one that the ARN names. */
export function groupOf(state: JobsState, arn: string): ThingGroup | undefined {
  const [, kind, name = ''] = TARGET_ARN.exec(arn) ?? [];
  const group = kind === 'thinggroup' ? state.registry.groups.get(name) : undefined;
  return group?.thingGroupArn === arn ? group : undefined;
}

function thingsOf(state: JobsState, target: string): readonly Thing[] {
  const [, kind, name = ''] = TARGET_ARN.exec(target) ?? [];
  if (kind === 'thing') {
    const thing = state.things.get(name);
    if (thing?.thingArn === target) return [thing];
  } else {
    const group = groupOf(state, target);
    if (group) return thingsWithin(state, group).flatMap((thingName) => state.things.get(thingName) ?? []);
  }
  throw new ControlError('ResourceNotFoundException', `Target ${target} does not exist`);
}

function groupAndBelow(state: JobsState, group: ThingGroup): ThingGroup[] {
  return [group, ...descendantsOf(state, group)];
}
