/**
 * Policy documents of IAM and of AWS IoT, which share one grammar (IAM User Guide, "Grammar of the IAM JSON policy
 * language"; AWS IoT Developer Guide, "AWS IoT Core policies": they "follow the same conventions as IAM policies").
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import type { PolicyCondition } from './policy-conditions.ts';
import { parseConditions } from './policy-conditions.ts';
import type { PolicyPattern } from './policy-pattern.ts';
import { parsePattern } from './policy-pattern.ts';

/** A document made ready to be evaluated. */
export interface PolicyDocument {
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  /** In lower case: actions have none. */
  readonly actions: readonly PolicyPattern[];
  /** Whether `actions` are those that the statement is not about. */
  readonly exceptActions: boolean;
  readonly resources: readonly PolicyPattern[];
  /** Whether `resources` are those that the statement is not about. */
  readonly exceptResources: boolean;
  readonly conditions: readonly PolicyCondition[];
}

/** Why a text is no policy document. AWS calls it MalformedPolicyException. */
export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicy';
}

const VERSIONS = ['2008-10-17', '2012-10-17'];
const DOCUMENT_MEMBERS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_MEMBERS = new Set(
  'Sid Effect Action NotAction Resource NotResource Condition Principal NotPrincipal'.split(' '),
);
/** `iot:Publish`, `iot:*`, `*`. */
const ACTION = /^(\*|[a-z0-9-]+:[a-z0-9*?]+)$/i;
/** IAM: `*`, or an ARN. A wildcard may stand for its beginning. */
const RESOURCE = /^(arn:|\*)/;

/** @throws MalformedPolicy with what is wrong */
export function parsePolicyDocument(text: string): PolicyDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MalformedPolicy('The policy document is not valid JSON');
  }
  if (!isJsonObject(json)) throw new MalformedPolicy('The policy document must be a JSON object');
  refuseOthers(json, DOCUMENT_MEMBERS, 'The policy document');
  const { Version: version = '2008-10-17', Statement: statement } = json;
  if (typeof version !== 'string' || !VERSIONS.includes(version)) {
    throw new MalformedPolicy(`Version must be one of ${VERSIONS.join(', ')}`);
  }
  const statements: readonly unknown[] = Array.isArray(statement) ? statement : [statement];
  if (statement === undefined || statements.length === 0) throw new MalformedPolicy('Statement is missing');
  // IAM: in a document of the older version a variable is plain text.
  const withVariables = version === '2012-10-17';
  return {
    statements: statements.map((one, index) => {
      try {
        return parseStatement(one, withVariables);
      } catch (error) {
        throw new MalformedPolicy(`Statement ${index + 1}: ${error instanceof Error ? error.message : error}`);
      }
    }),
  };
}

function parseStatement(statement: unknown, withVariables: boolean): PolicyStatement {
  if (!isJsonObject(statement)) throw new Error('it must be an object');
  refuseOthers(statement, STATEMENT_MEMBERS, 'it');
  const { Sid: sid, Effect: effect, Condition: condition } = statement;
  if (sid !== undefined && typeof sid !== 'string') throw new Error('Sid must be a string');
  if (effect !== 'Allow' && effect !== 'Deny') throw new Error('Effect must be Allow or Deny');
  if ('Principal' in statement || 'NotPrincipal' in statement) {
    throw new Error('a policy that is attached to an identity names no Principal');
  }
  const actions = oneOf(statement, 'Action', 'NotAction');
  const resources = oneOf(statement, 'Resource', 'NotResource');
  for (const action of actions.texts) {
    if (!ACTION.test(action)) throw new Error(`'${action}' is not an action; they look like iot:Publish`);
  }
  for (const resource of resources.texts) {
    if (!RESOURCE.test(resource)) throw new Error(`'${resource}' is not a resource; use an ARN or *`);
  }
  return {
    effect,
    actions: actions.texts.map((text) => parsePattern(text.toLowerCase(), false)),
    exceptActions: actions.except,
    resources: resources.texts.map((text) => parsePattern(text, withVariables)),
    exceptResources: resources.except,
    conditions: condition === undefined ? [] : parseConditions(condition, withVariables),
  };
}

function oneOf(statement: JsonObject, name: string, exceptName: string): { texts: string[]; except: boolean } {
  const [value, except] = [statement[name], statement[exceptName]];
  if ((value === undefined) === (except === undefined)) {
    throw new Error(`it must have one of ${name} and ${exceptName}`);
  }
  const given: unknown = value ?? except;
  const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw new Error(`${value === undefined ? exceptName : name} must be a string or a list of strings`);
  }
  return { texts: texts as string[], except: value === undefined };
}

function refuseOthers(object: JsonObject, known: ReadonlySet<string>, what: string): void {
  const other = Object.keys(object).find((key) => !known.has(key));
  if (other !== undefined) throw new MalformedPolicy(`${what} has an unknown member ${other}`);
}
