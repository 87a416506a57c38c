import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PolicyDecision, PolicyVariables } from '../../../local-cloud/policy/evaluate-policy.ts';
import { evaluatePolicies, MalformedPolicy, parsePolicyDocument } from '../../../local-cloud/policy/evaluate-policy.ts';
import { checkProperty } from '../../fixtures/check-property.ts';

const TOPIC = 'arn:aws:iot:us-east-1:123456789012:topic/';

describe('who wins', () => {
  test('nothing said is an implicit deny', () => {
    expect(evaluatePolicies([], { action: 'iot:Publish', resource: `${TOPIC}a`, variables: {} })).toBe('implicitDeny');
    expect(decide([allow({ Action: 'iot:Subscribe' })])).toBe('implicitDeny');
  });

  test('an explicit deny wins over every allow, wherever it stands', () => {
    const deny = { Effect: 'Deny', Action: 'iot:Publish', Resource: `${TOPIC}a` };
    expect(decide([allow(), deny])).toBe('explicitDeny');
    expect(decide([deny, allow()])).toBe('explicitDeny');
    const both = [document([allow()]), document([deny])];
    expect(evaluatePolicies(both, { action: 'iot:Publish', resource: `${TOPIC}a`, variables: {} })).toBe(
      'explicitDeny',
    );
  });

  test('one statement need not be a list', () => {
    expect(decide(allow())).toBe('allowed');
  });
});

describe('actions and resources', () => {
  test.each<[string, object, PolicyDecision]>([
    ['an action in another case', { Action: 'IOT:publish' }, 'allowed'],
    ['a wildcard in an action', { Action: ['iot:Pub*'] }, 'allowed'],
    ['a question mark in an action', { Action: 'iot:?ublish' }, 'allowed'],
    ['every action', { Action: '*' }, 'allowed'],
    ['another service', { Action: 's3:*' }, 'implicitDeny'],
    ['NotAction of another action', { Action: undefined, NotAction: 'iot:Connect' }, 'allowed'],
    ['NotAction of the action', { Action: undefined, NotAction: ['iot:Connect', 'iot:Publish'] }, 'implicitDeny'],
    ['the resource', { Resource: `${TOPIC}a` }, 'allowed'],
    ['a resource in another case', { Resource: `${TOPIC}A` }, 'implicitDeny'],
    ['a wildcard over slashes', { Resource: 'arn:aws:iot:*a' }, 'allowed'],
    ['one of several resources', { Resource: [`${TOPIC}b`, `${TOPIC}?`] }, 'allowed'],
    ['NotResource of another resource', { Resource: undefined, NotResource: `${TOPIC}b` }, 'allowed'],
    ['NotResource of the resource', { Resource: undefined, NotResource: `${TOPIC}*` }, 'implicitDeny'],
  ])('%s', (_what, statement, decision) => {
    expect(decide([allow(statement)])).toBe(decision);
  });

  test('MQTT wildcards are plain characters', () => {
    const statement = allow({
      Action: 'iot:Subscribe',
      Resource: 'arn:aws:iot:us-east-1:123456789012:topicfilter/a/+/#',
    });
    const asks = (filter: string) =>
      decide([statement], {
        action: 'iot:Subscribe',
        resource: `arn:aws:iot:us-east-1:123456789012:topicfilter/${filter}`,
      });
    expect(asks('a/+/#')).toBe('allowed');
    expect(asks('a/b/c')).toBe('implicitDeny');
  });

  test('a pattern of many wildcards is decided at once', () => {
    const resource = `arn:${'*a'.repeat(500)}*b`;
    expect(decide([allow({ Resource: resource })], { resource: `arn:${'a'.repeat(2000)}` })).toBe('implicitDeny');
  });

  test('a text without wildcards selects itself and nothing else', () => {
    checkProperty(
      fc.property(fc.stringMatching(/^[^*?$]*$/), fc.stringMatching(/^[^*?$]*$/), (one, other) => {
        const asks = (text: string) => decide([allow({ Resource: `arn:${one}` })], { resource: `arn:${text}` });
        expect(asks(one)).toBe('allowed');
        expect(asks(other)).toBe(one === other ? 'allowed' : 'implicitDeny');
      }),
    );
  });

  test('a star stands for any text, none included', () => {
    checkProperty(
      fc.property(
        fc.array(fc.stringMatching(/^[ab]{0,3}$/), { minLength: 1, maxLength: 5 }),
        fc.string(),
        (parts, gap) => {
          const resource = `arn:${parts.join('*')}`;
          expect(decide([allow({ Resource: resource })], { resource: `arn:${parts.join(gap)}` })).toBe('allowed');
          expect(decide([allow({ Resource: resource })], { resource: `arn:${parts.join('')}` })).toBe('allowed');
        },
      ),
    );
  });
});

describe('variables', () => {
  const ofThing = allow({ Resource: `${TOPIC}things/\${iot:Connection.Thing.ThingName}/*` });

  test('a variable stands for its value', () => {
    const resource = `${TOPIC}things/gw-1/up`;
    expect(decide([ofThing], { resource, variables: { 'iot:Connection.Thing.ThingName': 'gw-1' } })).toBe('allowed');
    expect(decide([ofThing], { resource, variables: { 'iot:Connection.Thing.ThingName': 'gw-2' } })).toBe(
      'implicitDeny',
    );
  });

  test('a wildcard in a value is a plain character', () => {
    const resource = `${TOPIC}things/gw-1/up`;
    expect(decide([ofThing], { resource, variables: { 'iot:Connection.Thing.ThingName': '*' } })).toBe('implicitDeny');
  });

  test.each(['Resource', 'NotResource'])('a statement whose %s cannot be told does not apply', (member) => {
    const statement = { ...allow({ Resource: undefined }), [member]: `${TOPIC}\${iot:Connection.Thing.ThingName}` };
    expect(decide([statement], { resource: `${TOPIC}` })).toBe('implicitDeny');
    expect(decide([statement], { variables: { 'iot:Connection.Thing.ThingName': undefined } })).toBe('implicitDeny');
  });

  test('attributes of a thing are variables', () => {
    const statement = allow({ Resource: `${TOPIC}\${iot:Connection.Thing.Attributes[site]}/up` });
    const variables = { 'iot:Connection.Thing.Attributes[site]': 'north' };
    expect(decide([statement], { resource: `${TOPIC}north/up`, variables })).toBe('allowed');
  });

  test('names are compared without regard to case', () => {
    const statement = allow({ Resource: `${TOPIC}\${IOT:clientid}` });
    expect(decide([statement], { resource: `${TOPIC}c`, variables: { 'iot:ClientId': 'c' } })).toBe('allowed');
  });

  test('a default stands in for an unknown variable', () => {
    const statement = allow({ Resource: `${TOPIC}\${iot:ClientId, 'nobody'}` });
    expect(decide([statement], { resource: `${TOPIC}nobody` })).toBe('allowed');
  });

  test.each(['*', '?', '$'])('%s as a variable is the character itself', (character) => {
    const statement = allow({ Resource: `${TOPIC}\${${character}}` });
    expect(decide([statement], { resource: TOPIC + character })).toBe('allowed');
    expect(decide([statement], { resource: `${TOPIC}x` })).toBe('implicitDeny');
  });

  test('in a document of 2008 a variable is plain text', () => {
    const old = parsePolicyDocument(
      JSON.stringify({ Version: '2008-10-17', Statement: allow({ Resource: `${TOPIC}\${iot:ClientId}` }) }),
    );
    const asks = (resource: string) =>
      evaluatePolicies([old], { action: 'iot:Publish', resource, variables: { 'iot:ClientId': 'c' } });
    expect(asks(`${TOPIC}c`)).toBe('implicitDeny');
    expect(asks(`${TOPIC}\${iot:ClientId}`)).toBe('allowed');
  });

  test('no member that every object has is a variable', () => {
    const statement = allow({ Condition: { StringLike: { constructor: '*' } } });
    expect(decide([statement])).toBe('implicitDeny');
  });
});

describe('conditions', () => {
  test.each<[object, PolicyVariables, PolicyDecision]>([
    [{ StringEquals: { k: 'a' } }, { k: 'a' }, 'allowed'],
    [{ StringEquals: { k: 'a' } }, { k: 'A' }, 'implicitDeny'],
    [{ StringEquals: { k: 'a*' } }, { k: 'ab' }, 'implicitDeny'],
    [{ StringEquals: { k: ['a', 'b'] } }, { k: 'b' }, 'allowed'],
    [{ StringEquals: { k: 'a' } }, {}, 'implicitDeny'],
    [{ StringEqualsIfExists: { k: 'a' } }, {}, 'allowed'],
    [{ StringEqualsIfExists: { k: 'a' } }, { k: 'b' }, 'implicitDeny'],
    [{ StringEqualsIgnoreCase: { k: 'Ab' } }, { k: 'aB' }, 'allowed'],
    [{ StringNotEquals: { k: ['a', 'b'] } }, { k: 'c' }, 'allowed'],
    [{ StringNotEquals: { k: ['a', 'b'] } }, { k: 'b' }, 'implicitDeny'],
    [{ StringNotEquals: { k: 'a' } }, {}, 'allowed'],
    [{ StringLike: { k: 'a*' } }, { k: 'ab' }, 'allowed'],
    [{ StringNotLike: { k: 'a*' } }, { k: 'ab' }, 'implicitDeny'],
    [{ StringLike: { k: `\${iot:ClientId}-*` } }, { k: 'c-1', 'iot:ClientId': 'c' }, 'allowed'],
    [{ StringNotEquals: { k: `\${iot:ClientId}` } }, { k: 'c' }, 'implicitDeny'],
    [{ Bool: { k: 'true' } }, { k: 'true' }, 'allowed'],
    [{ Bool: { k: true } }, { k: 'True' }, 'allowed'],
    [{ Bool: { k: 'true' } }, { k: 'false' }, 'implicitDeny'],
    [{ Bool: { k: ['true'] } }, {}, 'implicitDeny'],
    [{ Bool: { k: 'true' }, StringEquals: { l: 'a' } }, { k: 'true', l: 'b' }, 'implicitDeny'],
    [
      { ArnEquals: { k: 'arn:aws:iot:*:123456789012:cert/?' } },
      { k: 'arn:aws:iot:us-east-1:123456789012:cert/a' },
      'allowed',
    ],
    [{ ArnLike: { k: 'arn:aws:iot:*:cert/a' } }, { k: 'arn:aws:iot:us-east-1:123456789012:cert/a' }, 'implicitDeny'],
    [{ ArnLike: { k: 'arn:aws:iot:*:*:*' } }, { k: 'no arn' }, 'implicitDeny'],
    [{ ArnNotLike: { k: 'arn:aws:iot:*:*:cert/b' } }, { k: 'arn:aws:iot:us-east-1:123456789012:cert/a' }, 'allowed'],
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:SourceIp': '10.1.2.3' }, 'allowed'],
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:SourceIp': '11.1.2.3' }, 'implicitDeny'],
    [{ NotIpAddress: { 'aws:SourceIp': ['::1', '127.0.0.1'] } }, { 'aws:SourceIp': '127.0.0.1' }, 'implicitDeny'],
    [{ Null: { k: 'true' } }, {}, 'allowed'],
    [{ Null: { k: 'false' } }, {}, 'implicitDeny'],
    [{ 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, { k: ['a', 'b'] }, 'allowed'],
    [{ 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, { k: ['a', 'c'] }, 'implicitDeny'],
    [{ 'ForAllValues:StringEquals': { k: ['a'] } }, { k: [] }, 'allowed'],
    [{ 'ForAllValues:StringEquals': { k: ['a'] } }, {}, 'allowed'],
    [{ 'ForAnyValue:StringEquals': { k: ['a', 'b'] } }, { k: ['c', 'b'] }, 'allowed'],
    [{ 'ForAnyValue:StringEquals': { k: ['a'] } }, { k: ['c'] }, 'implicitDeny'],
    [{ 'ForAnyValue:StringEquals': { k: ['a'] } }, {}, 'implicitDeny'],
    [{ 'ForAnyValue:StringNotEquals': { k: ['a'] } }, { k: ['a', 'b'] }, 'allowed'],
    [{ 'ForAllValues:StringNotEquals': { k: ['a'] } }, { k: ['a', 'b'] }, 'implicitDeny'],
  ])('%j with %j: %s', (condition, variables, decision) => {
    expect(decide([allow({ Condition: condition })], { variables })).toBe(decision);
  });
});

describe('documents that are none', () => {
  const statement = allow();
  test.each([
    ['{', 'not valid JSON'],
    ['[]', 'must be a JSON object'],
    ['{"Version":"2012-10-17"}', 'Statement is missing'],
    ['{"Statement":[]}', 'Statement is missing'],
    ['{"Version":"2020-01-01","Statement":[]}', 'Version must be one of'],
    ['{"Statements":[]}', 'unknown member Statements'],
    [text({ ...statement, Effect: 'allow' }), 'Effect must be Allow or Deny'],
    [text({ ...statement, Efect: 'Allow' }), 'unknown member Efect'],
    [text({ Effect: 'Allow', Resource: '*' }), 'one of Action and NotAction'],
    [text({ ...statement, NotResource: '*' }), 'one of Resource and NotResource'],
    [text({ ...statement, Action: [] }), 'Action must be a string or a list of strings'],
    [text({ ...statement, Action: 'Publish' }), "'Publish' is not an action"],
    [text({ ...statement, Resource: 'topic/a' }), "'topic/a' is not a resource"],
    [text({ ...statement, Resource: [1] }), 'Resource must be a string or a list of strings'],
    [text({ ...statement, Resource: `arn:\${iot:ClientId` }), 'not closed'],
    [text({ ...statement, Resource: `arn:\${}` }), 'names no variable'],
    [text({ ...statement, Principal: '*' }), 'names no Principal'],
    [text({ ...statement, Condition: [] }), 'Condition must be an object'],
    [text({ ...statement, Condition: { StringMatches: { k: 'a' } } }), 'operator StringMatches is not supported'],
    [text({ ...statement, Condition: { NumericEquals: { k: '1' } } }), 'operator NumericEquals is not supported'],
    [text({ ...statement, Condition: { 'ForSome:StringEquals': { k: 'a' } } }), 'is not supported'],
    [text({ ...statement, Condition: { StringEquals: 'a' } }), 'must be an object of condition keys'],
    [text({ ...statement, Condition: { StringEquals: { k: [] } } }), 'has no value'],
    [text({ ...statement, Condition: { StringEquals: { k: {} } } }), 'must be a string or a list of strings'],
    [text({ ...statement, Condition: { Bool: { k: 'yes' } } }), 'must be "true" or "false"'],
    [text({ ...statement, Condition: { IpAddress: { k: '10.0.0.0/33' } } }), 'not an IP address'],
  ])('%s', (document, reason) => {
    const parse = () => parsePolicyDocument(document);
    expect(parse).toThrow(MalformedPolicy);
    expect(parse).toThrow(reason);
  });

  test('whatever JSON comes, it is a document or malformed', () => {
    checkProperty(
      fc.property(fc.json(), (json) => {
        try {
          parsePolicyDocument(json);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedPolicy);
        }
      }),
    );
  });
});

function allow(members: object = {}): object {
  return { Effect: 'Allow', Action: 'iot:Publish', Resource: '*', ...members };
}

function text(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

function document(statements: object) {
  return parsePolicyDocument(JSON.stringify({ Version: '2012-10-17', Statement: statements }));
}

function decide(
  statements: object,
  request: { action?: string; resource?: string; variables?: PolicyVariables } = {},
): PolicyDecision {
  return evaluatePolicies([document(statements)], {
    action: 'iot:Publish',
    resource: `${TOPIC}a`,
    variables: {},
    ...request,
  });
}
