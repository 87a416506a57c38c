/** What YAML 1.1 and YAML 1.2 make of a plain scalar. Programs read either: PyYAML and libyaml 1.1, newer ones 1.2. */
import { isDeepStrictEqual } from 'node:util';
import type * as Yaml from 'yaml';

/** `yes`, `0644`, `1:30`: equal to no value but itself. */
export class TwoMeanings {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

export interface PlainScalars {
  /** The value, or TwoMeanings. */
  read(source: string): unknown;
}

export function plainScalars(yaml: typeof Yaml): PlainScalars {
  const [core, old] = [schemaOf(yaml, '1.2'), schemaOf(yaml, '1.1')];
  return {
    read(source) {
      const [value, oldValue] = [resolved(yaml, core, source), resolved(yaml, old, source)];
      return isDeepStrictEqual(value, oldValue) ? value : new TwoMeanings(source);
    },
  };
}

function schemaOf(yaml: typeof Yaml, version: '1.1' | '1.2'): Yaml.Schema {
  return new yaml.Document(null, { version, merge: false }).schema;
}

/** As the composer of the package does (compose-scalar.js, findScalarTagByTest). */
function resolved(yaml: typeof Yaml, schema: Yaml.Schema, source: string): unknown {
  const tag = schema.tags.find((one): one is Yaml.ScalarTag => isScalarTag(one) && one.test?.test(source) === true);
  const value = tag === undefined ? source : tag.resolve(source, () => undefined, {});
  return yaml.isScalar(value) ? value.value : value;
}

function isScalarTag(tag: Yaml.ScalarTag | Yaml.CollectionTag): tag is Yaml.ScalarTag {
  return tag.default === true && tag.collection === undefined;
}
