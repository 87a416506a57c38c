/** Makes the calls of a scenario with one client, and says which came out otherwise. */
import type { JsonObject, JsonValue } from '../../../agent/core/json.ts';
import { Difference, expectLike } from '../../conformance/expectation.ts';
import type { AwsCaller, CallResult } from './aws-caller.ts';
import { atPath, fillIn, type Kept, type Step } from './scenario.ts';

export interface StepsReport {
  /** One sentence a step. */
  readonly problems: readonly string[];
  /** `service.operation` that were called and came out as they should, at least once without a refusal. */
  readonly done: ReadonlySet<string>;
  /** `service.operation` that this version of the client does not know. */
  readonly unknown: ReadonlySet<string>;
}

/** `kept` has what the steps need to begin with; what they keep is added. */
export async function runSteps(caller: AwsCaller, steps: readonly Step[], kept: Kept): Promise<StepsReport> {
  const problems: string[] = [];
  const done = new Set<string>();
  const unknown = new Set<string>();
  for (const step of steps) {
    const name = `${step.service}.${step.operation}`;
    if (!caller.knows(step.service, step.operation)) {
      unknown.add(name);
      continue;
    }
    try {
      const result = await caller.call(step.service, step.operation, fillIn(step.input, kept) as JsonObject);
      checkResult(step, result, kept);
      if (step.refused === undefined) done.add(name);
    } catch (error) {
      problems.push(`${name} ${JSON.stringify(step.input)}: ${(error as Error).message}`);
    }
  }
  return { problems, done, unknown };
}

/** @throws Difference */
function checkResult(step: Step, result: CallResult, kept: Kept): void {
  const { output, error, status, exitCode, message } = result;
  if (step.refused === undefined) {
    if (output === undefined) throw new Difference('the call', 'success', `${error} ${status ?? ''}: ${message}`);
    expectLike('its output', output, absentForNull(fillIn(step.gives ?? {}, kept)));
    for (const [name, path] of Object.entries(step.keeps ?? {})) kept.set(name, atPath(output, path));
    return;
  }
  const [name, httpStatus] = step.refused;
  const came = { error, ...(status !== undefined && { status }), ...(exitCode !== undefined && { exitCode }) };
  expectLike('the refusal', came, {
    error: name,
    ...(status !== undefined && { status: httpStatus }),
    // AWS CLI 2 ends with 254 on an error of the service, its version 1 with 255 or 254.
    ...(exitCode !== undefined && { exitCode: (code: unknown) => code === 254 || code === 255 }),
  });
}

function absentForNull(value: JsonValue): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(absentForNull);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, absentForNull(item ?? null)]));
}
