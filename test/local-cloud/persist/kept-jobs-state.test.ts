import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../agent/core/json.ts';
import type { ControlOperationName } from '../../../local-cloud/api-model/model.ts';
import { ControlError } from '../../../local-cloud/jobs-service/control-error.ts';
import { encodeMessage } from '../../../local-cloud/jobs-service/encode-message.ts';
import { type JobsState, registerThing } from '../../../local-cloud/jobs-service/state.ts';
import { decodeJobsState, encodeJobsState } from '../../../local-cloud/persist/kept-jobs-state.ts';
import { InvalidGraph } from '../../../local-cloud/persist/state-graph.ts';
import { runJobsService } from '../../../local-cloud/running-service.ts';

const ACCOUNT = 'arn:aws:iot:us-east-1:123456789012';
const START_MS = 1_700_000_000_000;

interface Life {
  readonly state: JobsState;
  nowMs(): number;
  /** Everything the command made the service say, in order. */
  run(command: Command): unknown[];
}

/** A service that begins with what is given, at the given time. Its timer is closed: the commands let time pass. */
function live(nodes: readonly JsonValue[] | undefined, beginMs: number): Life {
  let nowMs = beginMs;
  const said: unknown[] = [];
  const service = runJobsService({
    now: () => nowMs,
    notify: ({ topic, message }) => said.push([topic, encodeMessage(message)]),
    ...(nodes && { restore: (empty) => decodeJobsState(nodes, empty) }),
  });
  service.close();
  if (!nodes) for (const thingName of ['gw-1', 'gw-2']) registerThing(service.state, thingName);
  return {
    state: service.state,
    nowMs: () => nowMs,
    run: (command) => {
      said.length = 0;
      if (command.kind === 'wait') {
        nowMs += command.seconds * 1_000;
        service.tick();
      } else if (command.kind === 'device') {
        const topic = `$aws/things/${command.thingName}/jobs/${command.operation}`;
        const payload = Buffer.from(JSON.stringify(command.body));
        service.device({ thingName: command.thingName, topic, payload }, (answer) =>
          said.push([answer.topic, encodeMessage(answer.message)]),
        );
      } else {
        try {
          said.push(service.control(command.operation, command.input));
        } catch (error) {
          if (!(error instanceof ControlError)) throw error;
          said.push([error.name, error.message]);
        }
      }
      return [...said];
    },
  };
}

type Command =
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'device'; readonly thingName: string; readonly operation: string; readonly body: JsonObject }
  | { readonly kind: 'operator'; readonly operation: ControlOperationName; readonly input: JsonObject };

const jobId = fc.constantFrom('a', 'b', 'c');
const thingName = fc.constantFrom('gw-1', 'gw-2', 'gw-3');
const status = fc.constantFrom('IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED');
const operator = (operation: ControlOperationName, input: fc.Arbitrary<JsonObject>): fc.Arbitrary<Command> =>
  input.map((members) => ({ kind: 'operator', operation, input: members }));

const newJob: fc.Arbitrary<JsonObject> = fc.record(
  {
    jobId,
    targets: fc
      .uniqueArray(fc.constantFrom('thing/gw-1', 'thing/gw-2', 'thinggroup/plant'), { minLength: 1 })
      .map((targets) => targets.map((target) => `${ACCOUNT}:${target}`)),
    document: fc.constantFrom('{"operation":"x"}', '{ "n": 1.0,\n "n": 2e400 }'),
    targetSelection: fc.constantFrom('SNAPSHOT', 'CONTINUOUS'),
    timeoutConfig: fc.constant({ inProgressTimeoutInMinutes: 2 }),
    jobExecutionsRolloutConfig: fc.constant({ maximumPerMinute: 1 }),
    jobExecutionsRetryConfig: fc.constant({ criteriaList: [{ failureType: 'ALL', numberOfRetries: 2 }] }),
    abortConfig: fc.constant({
      criteriaList: [
        { failureType: 'FAILED', action: 'CANCEL', thresholdPercentage: 50, minNumberOfExecutedThings: 1 },
      ],
    }),
  },
  { requiredKeys: ['jobId', 'targets', 'document'] },
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: operator('CreateJob', newJob) },
  {
    weight: 6,
    arbitrary: fc.oneof(
      fc.record({
        kind: fc.constant('device' as const),
        thingName,
        operation: fc.constant('start-next'),
        body: fc.constant({}),
      }),
      fc.record({
        kind: fc.constant('device' as const),
        thingName,
        operation: jobId.map((id) => `${id}/update`),
        body: fc.record(
          {
            status,
            stepTimeoutInMinutes: fc.constant(1),
            statusDetails: fc.dictionary(fc.constantFrom('k', 'l'), fc.constant('v')),
          },
          { requiredKeys: ['status'] },
        ),
      }),
    ),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }).map((seconds) => ({ kind: 'wait' as const, seconds })) },
  operator('CancelJob', fc.record({ jobId, force: fc.boolean() })),
  operator('DeleteJob', fc.record({ jobId, force: fc.boolean() })),
  operator('CancelJobExecution', fc.record({ jobId, thingName, force: fc.boolean() })),
  operator('CreateThing', fc.record({ thingName, attributePayload: fc.constant({ attributes: { site: 'north' } }) })),
  operator('DeleteThing', fc.record({ thingName })),
  operator('CreateThingGroup', fc.constant({ thingGroupName: 'plant' })),
  operator('AddThingToThingGroup', fc.record({ thingGroupName: fc.constant('plant'), thingName })),
  operator('RemoveThingFromThingGroup', fc.record({ thingGroupName: fc.constant('plant'), thingName })),
  operator(
    'CreateJobTemplate',
    jobId.map((id) => ({ jobTemplateId: id, description: 'd', document: '{}' })),
  ),
  operator(
    'CreatePackage',
    jobId.map((packageName) => ({ packageName, tags: { team: 'x' } })),
  ),
  operator('UpdateEventConfigurations', fc.constant({ eventConfigurations: { JOB: { Enabled: true } } })),
);

/** As the file does it. */
function throughText(state: JobsState): JsonValue[] {
  return JSON.parse(JSON.stringify(encodeJobsState(state)));
}

test('any state that was reached comes back the same, and goes on as if nothing had been', () => {
  const commands = fc.array(command, { maxLength: 30 });
  fc.assert(
    fc.property(commands, commands, (before, after) => {
      const first = live(undefined, START_MS);
      for (const one of before) first.run(one);
      const nodes = throughText(first.state);
      const second = live(nodes, first.nowMs());
      expect(second.state).toEqual(first.state);
      expect(encodeJobsState(second.state)).toEqual(nodes);
      for (const one of after) expect(second.run(one)).toEqual(first.run(one));
      expect(encodeJobsState(second.state)).toEqual(encodeJobsState(first.state));
    }),
    { numRuns: 300 },
  );
});

test('a state that lacks what this version added has it empty', () => {
  const { state } = live(undefined, START_MS);
  const nodes = throughText(state).map((node) => {
    const { object, ...other } = node as { object?: Record<string, JsonValue> };
    if (!object) return node;
    const { tags: _tags, nextSequence: _next, ...older } = object;
    return { ...other, object: older };
  });
  const restored = live(nodes, START_MS).state;
  expect([restored.registry.tags, restored.nextSequence]).toEqual([new Map(), 1]);
});

test('a state whose parts are of another kind is refused', () => {
  const nodes = throughText(live(undefined, START_MS).state).map((node) =>
    JSON.stringify(node) === '{"map":[]}' ? { set: [] } : node,
  );
  expect(() => live(nodes, START_MS)).toThrow(InvalidGraph);
});
