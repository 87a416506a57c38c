/**
 * The Condition block of a policy.
 *
 * Sources: IAM User Guide, "IAM JSON policy elements: Condition operators" (operators, IfExists, what a missing key means)
 * and "Set operators for multi-valued context keys" (ForAllValues, ForAnyValue). Operators on numbers, dates and bytes are
 * left out: nothing that is known of a request here is one.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import type { PolicyPattern, PolicyVariables } from './policy-pattern.ts';
import { matchesPattern, parseLiteral, parsePattern, resolvePattern, variableValue } from './policy-pattern.ts';

/** One key under one operator. */
export interface PolicyCondition {
  readonly key: string;
  readonly operator: Operator;
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly values: readonly ConditionValue[];
}

/** An ARN is compared part by part; every other value has one part. */
type ConditionValue = readonly PolicyPattern[];
type Operator = 'StringEquals' | 'StringEqualsIgnoreCase' | 'StringLike' | 'Arn' | 'Bool' | 'IpAddress' | 'Null';

const OPERATORS = new Map<string, { readonly operator: Operator; readonly negated: boolean }>([
  ['stringequals', { operator: 'StringEquals', negated: false }],
  ['stringnotequals', { operator: 'StringEquals', negated: true }],
  ['stringequalsignorecase', { operator: 'StringEqualsIgnoreCase', negated: false }],
  ['stringnotequalsignorecase', { operator: 'StringEqualsIgnoreCase', negated: true }],
  ['stringlike', { operator: 'StringLike', negated: false }],
  ['stringnotlike', { operator: 'StringLike', negated: true }],
  // The two are the same (IAM User Guide): both take wildcards, in each of the six parts by itself.
  ['arnequals', { operator: 'Arn', negated: false }],
  ['arnlike', { operator: 'Arn', negated: false }],
  ['arnnotequals', { operator: 'Arn', negated: true }],
  ['arnnotlike', { operator: 'Arn', negated: true }],
  ['bool', { operator: 'Bool', negated: false }],
  ['ipaddress', { operator: 'IpAddress', negated: false }],
  ['notipaddress', { operator: 'IpAddress', negated: true }],
  ['null', { operator: 'Null', negated: false }],
]);
const OPERATOR_NAME = /^(?:(ForAllValues|ForAnyValue):)?([a-z]+?)(IfExists)?$/i;
const ARN_PARTS = 6;

/** @throws Error with what is wrong */
export function parseConditions(condition: unknown, withVariables: boolean): PolicyCondition[] {
  if (!isJsonObject(condition)) throw new Error('Condition must be an object');
  return Object.entries(condition).flatMap(([name, block]) => {
    if (!isJsonObject(block)) throw new Error(`Condition ${name} must be an object of condition keys`);
    return parseOperatorBlock(name, block, withVariables);
  });
}

function parseOperatorBlock(name: string, block: JsonObject, withVariables: boolean): PolicyCondition[] {
  const [, set, base = '', ifExists] = OPERATOR_NAME.exec(name) ?? [];
  const known = OPERATORS.get(base.toLowerCase());
  if (!known) throw new Error(`Condition operator ${name} is not supported`);
  if (known.operator === 'Null' && (ifExists || set)) throw new Error(`Condition operator ${name} does not exist`);
  return Object.entries(block).map(([key, value]) => ({
    ...known,
    key,
    ifExists: ifExists !== undefined,
    set: set === undefined ? undefined : /all/i.test(set) ? ('ForAllValues' as const) : ('ForAnyValue' as const),
    values: texts(name, key, value).map((text) => parseValue(known.operator, text, withVariables)),
  }));
}

function texts(operator: string, key: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new Error(`Condition ${operator} ${key} has no value`);
  return values.map((one) => {
    if (typeof one === 'string' || typeof one === 'boolean' || typeof one === 'number') return String(one);
    throw new Error(`Condition ${operator} ${key} must be a string or a list of strings`);
  });
}

function parseValue(operator: Operator, text: string, withVariables: boolean): ConditionValue {
  if (operator === 'Arn') return splitArn(text).map((part) => parsePattern(part, withVariables));
  if (operator === 'StringLike') return [parsePattern(text, withVariables)];
  if (operator === 'IpAddress' && !isAddressRange(text)) throw new Error(`'${text}' is not an IP address or range`);
  if ((operator === 'Bool' || operator === 'Null') && !/^(true|false|\$\{.+\})$/i.test(text)) {
    throw new Error(`${operator} must be "true" or "false", '${text}' came`);
  }
  return [parseLiteral(text, withVariables)];
}

/** Whether the condition holds; `unresolvable` where it compares with a variable that stands for nothing. */
export function conditionHolds(condition: PolicyCondition, variables: PolicyVariables): boolean | 'unresolvable' {
  const present = variableValue(variables, condition.key);
  const resolved: (readonly (readonly number[])[])[] = [];
  for (const value of condition.values) {
    const parts = value.map((part) => resolvePattern(part, variables));
    if (parts.includes(undefined)) return 'unresolvable';
    resolved.push(parts as (readonly number[])[]);
  }
  if (condition.operator === 'Null') {
    const wanted = present === undefined ? 'true' : 'false';
    return resolved.some(([value = []]) => literalText(value).toLowerCase() === wanted);
  }
  const { negated, set } = condition;
  if (present === undefined) return condition.ifExists || set === 'ForAllValues' || (negated && set === undefined);
  const given = typeof present === 'string' ? [present] : present;
  const fits = (text: string) => resolved.some((value) => compare(condition.operator, value, text)) !== negated;
  return set === 'ForAllValues' || (set === undefined && negated) ? given.every(fits) : given.some(fits);
}

function compare(operator: Operator, value: readonly (readonly number[])[], text: string): boolean {
  const [first = []] = value;
  switch (operator) {
    case 'StringEquals':
    case 'StringLike':
      return matchesPattern(first, text);
    case 'StringEqualsIgnoreCase':
    case 'Bool':
    case 'Null':
      return literalText(first).toLowerCase() === text.toLowerCase();
    case 'IpAddress':
      return isInRange(text, literalText(first));
    case 'Arn': {
      const parts = splitArn(text);
      return parts.length === value.length && parts.every((part, index) => matchesPattern(value[index] ?? [], part));
    }
  }
}

function literalText(units: readonly number[]): string {
  return String.fromCharCode(...units);
}

/** At its first five colons, of which those inside a variable do not count. */
function splitArn(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length && parts.length < ARN_PARTS - 1; at++) {
    if (text.startsWith('${', at)) {
      const end = text.indexOf('}', at);
      if (end < 0) break;
      at = end;
    } else if (text[at] === ':') {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  if (more.length > 0 || !(isIPv4(address) || isIPv6(address))) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128));
}

function isInRange(address: string, range: string): boolean {
  const [network = '', bits] = range.split('/');
  const family = isIPv4(network) ? 'ipv4' : 'ipv6';
  if (!(family === 'ipv4' ? isIPv4(address) : isIPv6(address))) return false;
  const list = new BlockList();
  list.addSubnet(network, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  return list.check(address, family);
}
