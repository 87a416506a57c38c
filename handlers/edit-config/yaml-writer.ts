/** Values as YAML that every version of it reads alike: whatever could be anything else is in double quotes. */
import { impossible } from './edit-error.ts';
import type { PlainScalars } from './yaml-scalar.ts';

export interface YamlStyle {
  /** Spaces of a level. */
  readonly unit: number;
  /** Whether the items of a list stand further in than the name of the list. */
  readonly indentsLists: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** What has lines of its own in block style. */
export function isNested(value: unknown): value is Members | readonly unknown[] {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

export interface YamlWriter {
  scalar(value: unknown): string;
  /** In one line, with brackets. */
  flow(value: unknown): string;
  /** Lines from column 0 on; one for what is not nested. */
  block(value: unknown, style: YamlStyle): string[];
}

/** Words of ASCII: no indicator, no `: ` or ` #`, nothing that ends a flow collection. */
const PLAIN = /^(?:[A-Za-z_/][\w/.@+-]*(?: [\w/.@+-]+)*|\d+(?:\.\d+){3}(?:\/\d+)?)$/; // or an address of IPv4
const MAX_PLAIN_LENGTH = 100;

export function yamlWriter(scalars: PlainScalars): YamlWriter {
  const text = (value: string) =>
    PLAIN.test(value) && value.length <= MAX_PLAIN_LENGTH && scalars.read(value) === value ? value : quoted(value);
  const scalar = (value: unknown): string => {
    if (value === null || typeof value === 'boolean') return String(value);
    if (typeof value === 'number') return numberText(value);
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value) && value.length === 0) return '[]';
    if (isPlainObject(value) && Object.keys(value).length === 0) return '{}';
    throw impossible(
      'what is there is an alias, has a tag, or is read differently by YAML 1.1 and 1.2: give the value',
    );
  };
  const flow = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
    if (!isPlainObject(value)) return scalar(value);
    return `{${Object.entries(value)
      .map(([name, member]) => `${text(name)}: ${flow(member)}`)
      .join(', ')}}`;
  };
  const block = (value: unknown, style: YamlStyle): string[] => {
    if (!isNested(value) || !(Array.isArray(value) || isPlainObject(value))) return [scalar(value)];
    if (Array.isArray(value)) {
      return value.flatMap((item) => block(item, style).map((line, index) => (index === 0 ? '- ' : '  ') + line));
    }
    return Object.entries(value).flatMap(([name, member]) => {
      if (!isNested(member)) return [`${text(name)}: ${scalar(member)}`];
      const indent = ' '.repeat(Array.isArray(member) && !style.indentsLists ? 0 : style.unit);
      return [`${text(name)}:`, ...block(member, style).map((line) => indent + line)];
    });
  };
  return { scalar, flow, block };
}

function isPlainObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** With a point, without which YAML 1.1 takes a number with an exponent for text. */
function numberText(value: number): string {
  return String(value).replace(/^(-?\d+)e/, '$1.0e');
}

/** JSON's escapes are YAML's (YAML 1.2.2, section 5.7); more has to be escaped there (section 5.1). */
function quoted(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
