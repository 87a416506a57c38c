/**
 * Texts of a policy in which `*` stands for any characters, `?` for one, and `${name}` for what is known of the request.
 *
 * IAM User Guide, "IAM policy elements: Variables and tags": `${*}`, `${?}` and `${$}` are the characters themselves, and
 * `${name, 'text'}` has a default. What a variable stands for is taken literally: a client id of `*` selects nothing else.
 * AWS IoT Developer Guide, "AWS IoT Core policy variables": `+` and `#` are plain characters.
 */

/** What is known of a request; keys are compared without regard to case, as IAM does. */
export type PolicyVariables = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Variable {
  readonly name: string;
  readonly fallback: string | undefined;
}

/** Character codes, one of the two wildcards, or a variable. */
type Unit = number | Variable;

/** A text that was looked through once, to be compared often. */
export type PolicyPattern = readonly Unit[];

const ANY = -1;
const ONE = -2;
const VARIABLE = /^([^,{}]+?)(?:\s*,\s*'([^']*)')?$/;

/**
 * @param withVariables false in documents of version 2008-10-17, where `${` is plain text.
 * @throws Error with what is wrong
 */
export function parsePattern(text: string, withVariables: boolean): PolicyPattern {
  const units: Unit[] = [];
  for (let at = 0; at < text.length; at++) {
    if (withVariables && text.startsWith('${', at)) {
      const end = text.indexOf('}', at);
      if (end < 0) throw new Error(`'${text}' has a \${ that is not closed`);
      units.push(parseVariable(text.slice(at + 2, end), text));
      at = end;
    } else {
      const code = text.charCodeAt(at);
      units.push(code === 0x2a ? ANY : code === 0x3f ? ONE : code);
    }
  }
  return units;
}

/** The same with no wildcards: `StringEquals` takes `*` literally. @throws Error with what is wrong */
export function parseLiteral(text: string, withVariables: boolean): PolicyPattern {
  return parsePattern(text, withVariables).map((unit) => (unit === ANY ? 0x2a : unit === ONE ? 0x3f : unit));
}

/** With its variables replaced; undefined where one of them stands for nothing in this request. */
export function resolvePattern(pattern: PolicyPattern, variables: PolicyVariables): readonly number[] | undefined {
  if (pattern.every((unit) => typeof unit === 'number')) return pattern as readonly number[];
  const resolved: number[] = [];
  for (const unit of pattern) {
    if (typeof unit === 'number') {
      resolved.push(unit);
      continue;
    }
    const value = variableValue(variables, unit.name) ?? unit.fallback;
    // Of several values none is the value (IAM: a variable must be a single-valued key).
    if (typeof value !== 'string') return undefined;
    for (let at = 0; at < value.length; at++) resolved.push(value.charCodeAt(at));
  }
  return resolved;
}

/** Whether all of `text` is selected. Takes at most `pattern` times `text` steps, whatever the number of wildcards. */
export function matchesPattern(pattern: readonly number[], text: string): boolean {
  let at = 0;
  let inText = 0;
  let star = -1;
  let starInText = 0;
  while (inText < text.length) {
    const unit = pattern[at];
    if (unit === ANY) {
      star = at++;
      starInText = inText;
    } else if (unit !== undefined && (unit === ONE || unit === text.charCodeAt(inText))) {
      at++;
      inText++;
    } else if (star >= 0) {
      at = star + 1;
      inText = ++starInText;
    } else {
      return false;
    }
  }
  while (pattern[at] === ANY) at++;
  return at === pattern.length;
}

/** What a condition key or variable stands for. */
export function variableValue(variables: PolicyVariables, name: string): string | readonly string[] | undefined {
  if (Object.hasOwn(variables, name)) return variables[name];
  const wanted = name.toLowerCase();
  const key = Object.keys(variables).find((candidate) => candidate.toLowerCase() === wanted);
  return key === undefined ? undefined : variables[key];
}

function parseVariable(inside: string, text: string): Unit {
  if (inside === '*' || inside === '?' || inside === '$') return inside.charCodeAt(0);
  const [, name, fallback] = VARIABLE.exec(inside) ?? [];
  if (name === undefined) throw new Error(`'${text}' has \${${inside}}, which names no variable`);
  return { name, fallback };
}
