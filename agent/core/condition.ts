/**
 * `runIf` of a step: what has to be so on this gateway for the step to run. Read when a job is reviewed, so that a mistake
 * is REJECTED with its place, and evaluated in the shell when the step is about to start.
 */
import { quote } from './describe-value.ts';
import { readText, refuseUnknownMembers } from './document-fields.ts';
import { type JsonPlace, memberPlace, noteExpected, readInteger, readItems, readObject } from './json-place.ts';

export type Condition =
  /** Any of the values will do. */
  | { readonly kind: 'architecture' | 'os'; readonly values: readonly string[] }
  | { readonly kind: VersionKind; readonly wanted: readonly VersionBound[] }
  /** Installed; and in such a version, where one is wanted. */
  | { readonly kind: 'package'; readonly name: string; readonly wanted: readonly VersionBound[] }
  | { readonly kind: 'freeSpace'; readonly path: string; readonly bytes: number }
  | { readonly kind: 'fileExists'; readonly path: string }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition };

export type VersionKind = 'osVersion' | 'kernelVersion' | 'agentVersion';

export interface VersionBound {
  readonly sign: VersionSign;
  readonly version: string;
}

export type VersionSign = '=' | '!=' | '<' | '<=' | '>' | '>=';

type ReadCondition = (place: JsonPlace) => Condition;

const READERS: Readonly<Record<Condition['kind'], ReadCondition>> = {
  architecture: (place) => ({ kind: 'architecture', values: readValues(place) }),
  os: (place) => ({ kind: 'os', values: readValues(place) }),
  osVersion: (place) => ({ kind: 'osVersion', wanted: readBounds(place, NUMBERS) }),
  kernelVersion: (place) => ({ kind: 'kernelVersion', wanted: readBounds(place, NUMBERS) }),
  agentVersion: (place) => ({ kind: 'agentVersion', wanted: readBounds(place, NUMBERS) }),
  package: readPackage,
  freeSpace: readFreeSpace,
  fileExists: (place) => ({ kind: 'fileExists', path: readPath(place) }),
  all: (place) => ({ kind: 'all', of: readSeveral(place) }),
  any: (place) => ({ kind: 'any', of: readSeveral(place) }),
  not: (place) => ({ kind: 'not', of: readCondition(place) }),
};

/** The members that a condition may have. */
export const CONDITION_KINDS = Object.keys(READERS) as readonly Condition['kind'][];

/** Ours: more are better several steps, and each may start a program. */
const MAX_CONDITIONS = 20;
/** PATH_MAX of Linux (limits.h). */
const MAX_PATH_LENGTH = 4096;
const MAX_VERSION_LENGTH = 128;
const MAX_NAME_LENGTH = 128;

/** Whose several members have all to hold. */
export function readCondition(place: JsonPlace): Condition {
  refuseUnknownMembers(place, CONDITION_KINDS);
  const kinds = CONDITION_KINDS.filter((kind) => memberPlace(place, kind).value !== undefined);
  if (kinds.length === 0 && place.problems.length === 0)
    noteExpected(place, `at least one of ${CONDITION_KINDS.map(quote).join(', ')}`);
  const of = kinds.map((kind) => READERS[kind](memberPlace(place, kind)));
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'all', of };
}

function readSeveral(place: JsonPlace): readonly Condition[] {
  const items = readItems(place);
  if (items.length === 0 || items.length > MAX_CONDITIONS) {
    noteExpected(place, `1 to ${MAX_CONDITIONS} conditions`);
    return [];
  }
  return items.map(readCondition);
}

/** One word, or several of which one has to fit. */
function readValues(place: JsonPlace): readonly string[] {
  const places = Array.isArray(place.value) ? readItems(place) : [place];
  if (places.length === 0 || places.length > MAX_CONDITIONS) noteExpected(place, `1 to ${MAX_CONDITIONS} names`);
  return places.map((one) => {
    const value = readText(one);
    if (value.length > MAX_NAME_LENGTH || !/^[A-Za-z0-9._-]+$/.test(value))
      noteExpected(one, 'a name (a-z A-Z 0-9 . _ -)');
    return value.toLowerCase();
  });
}

/** Of systems, kernels and the agent: numbers with dots. */
const NUMBERS = { pattern: /^\d{1,9}(\.\d{1,9}){0,9}$/, expected: 'numbers with dots' };
/** deb-version(7), and what rpm, apk and opkg have besides. No minus at the start: it is no option. */
const PACKAGE_VERSION = { pattern: /^[A-Za-z0-9][A-Za-z0-9.+~:^_-]*$/, expected: 'the version of a package' };

/** `>= 6.1, < 7`: all of them have to hold; without a sign it is that version. */
function readBounds(place: JsonPlace, { pattern, expected }: typeof NUMBERS): readonly VersionBound[] {
  return readText(place)
    .slice(0, MAX_VERSION_LENGTH)
    .split(',')
    .map((text) => {
      const [, sign = '=', version = ''] = /^ *(=|!=|<=?|>=?)? *(.*?) *$/.exec(text) ?? [];
      if (!pattern.test(version) || String(place.value).length > MAX_VERSION_LENGTH) {
        noteExpected(place, `${expected} after =, !=, <, <=, > or >=, several with commas between`);
      }
      return { sign: sign as VersionSign, version };
    });
}

function readPackage(place: JsonPlace): Condition {
  refuseUnknownMembers(place, ['name', 'version']);
  const name = memberPlace(place, 'name');
  const text = readText(name);
  if (text.length > MAX_NAME_LENGTH || !/^[A-Za-z0-9][A-Za-z0-9+._-]*$/.test(text)) {
    noteExpected(name, `the name of a package (a-z A-Z 0-9 + . _ -, at most ${MAX_NAME_LENGTH} characters)`);
  }
  const version = memberPlace(place, 'version');
  return {
    kind: 'package',
    name: text,
    wanted: version.value === undefined ? [] : readBounds(version, PACKAGE_VERSION),
  };
}

function readFreeSpace(place: JsonPlace): Condition {
  refuseUnknownMembers(place, ['path', 'bytes']);
  const bytes = readInteger(memberPlace(place, 'bytes'), 1);
  return { kind: 'freeSpace', path: readPath(memberPlace(place, 'path')), bytes };
}

function readPath(place: JsonPlace): string {
  const path = readText(place);
  if (!path.startsWith('/') || path.length > MAX_PATH_LENGTH || path.split('/').includes('..')) {
    noteExpected(place, `an absolute path of at most ${MAX_PATH_LENGTH} characters, without ..`);
  }
  return path;
}

/** `conditions` of schema 1.0. All have to hold. Of its keys only the one is known by which systems are told apart. */
export function readTemplateConditions(place: JsonPlace): Condition | undefined {
  const of = readItems(place).map(readTemplateCondition);
  return of.length === 0 ? undefined : { kind: 'all', of };
}

function readTemplateCondition(place: JsonPlace): Condition {
  readObject(place);
  const [key, type] = [memberPlace(place, 'key'), memberPlace(place, 'type')];
  if (key.value !== 'operatingSystem') {
    noteExpected(
      key,
      `"operatingSystem", the only condition that is evaluated here (a job must not run where it was told not to)`,
    );
  } else if (type.value !== undefined && type.value !== 'stringEqual') noteExpected(type, '"stringEqual"');
  const values = readValues(memberPlace(place, 'value'));
  // What Red Hat calls itself in os-release(5).
  return { kind: 'os', values: values.includes('redhat') ? [...values, 'rhel'] : values };
}

/** In words, for reasons. */
export function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'architecture':
    case 'os':
      return `${condition.kind} ${condition.values.join(' or ')}`;
    case 'osVersion':
    case 'kernelVersion':
    case 'agentVersion':
      return `${condition.kind} ${describeBounds(condition.wanted)}`;
    case 'package':
      return `package ${[condition.name, describeBounds(condition.wanted)].join(' ').trim()}`;
    case 'freeSpace':
      return `${condition.bytes} bytes free at ${quote(condition.path)}`;
    case 'fileExists':
      return `file ${quote(condition.path)}`;
    case 'not':
      return `not (${describeCondition(condition.of)})`;
    case 'all':
    case 'any':
      return condition.of.map(describeCondition).join(condition.kind === 'all' ? ' and ' : ' or ');
  }
}

function describeBounds(bounds: readonly VersionBound[]): string {
  return bounds.map(({ sign, version }) => `${sign} ${version}`).join(', ');
}
