/** What a YAML text stands for, aliases and tags as they are, in its order: to compare it with what an edit was to make of it. */
import { impossible, notParsed } from './edit-error.ts';
import type { JsonNode } from './json-tree.ts';
import type { MergedMember } from './text-format.ts';
import { Special, type YamlTree } from './yaml-tree.ts';

export type Meaning = unknown;

export interface Entries {
  readonly kind: 'object' | 'array';
  readonly entries: readonly (readonly [name: string | undefined, meaning: Meaning])[];
}

export function meaningOf(tree: YamlTree, node: JsonNode): Meaning {
  if (node.kind === 'scalar') return tree.placeOf(node).value;
  if (node.kind === 'array') {
    return { kind: 'array', entries: node.items.map((item) => [undefined, meaningOf(tree, item)]) };
  }
  return { kind: 'object', entries: node.members.map(({ name, value }) => [name, meaningOf(tree, value)]) };
}

/** Of a value of JSON. */
export function meaningOfValue(value: unknown): Meaning {
  if (Array.isArray(value)) return { kind: 'array', entries: value.map((item) => [undefined, meaningOfValue(item)]) };
  if (typeof value !== 'object' || value === null) return value;
  return { kind: 'object', entries: Object.entries(value).map(([name, member]) => [name, meaningOfValue(member)]) };
}

export function withChange(meaning: Meaning, [index, ...rest]: readonly number[], change: Meaning): Meaning {
  if (index === undefined) return change;
  const { kind, entries } = meaning as Entries;
  return {
    kind,
    entries: entries.map(([name, entry], at) => [name, at === index ? withChange(entry, rest, change) : entry]),
  };
}

/** As JSON, but for what is none: that stays an object of a class, equal to nothing else. */
export function jsonOf(tree: YamlTree, node: JsonNode): unknown {
  if (node.kind === 'scalar') return tree.placeOf(node).value;
  if (node.kind === 'array') return node.items.map((item) => jsonOf(tree, item));
  return Object.fromEntries(node.members.map(({ name, value }) => [name, jsonOf(tree, value)]));
}

/** Nearly every text is YAML: a file of another format is one long string. @throws EditError */
export function checkRoot(tree: YamlTree, root: JsonNode): void {
  if (root.kind !== 'scalar' || tree.placeOf(root).value === null) return;
  throw notParsed(1, 1, 'expected names and values, and the file is one text');
}

/** YAML 1.1 has it ("Merge Key Language-Independent Type"), and programs that read 1.2 as well. */
const MERGE_KEY = '<<';

/** @throws EditError where a part of what is to be merged with stands elsewhere. */
export function checkMember(tree: YamlTree, { parent, name, value, old }: MergedMember): void {
  const isMerged = typeof value === 'object' && !Array.isArray(value); // an object, or null
  const { name: where } = tree.placeOf(parent);
  const whole = where === '' ? name : `${where}.${name}`;
  if (name === MERGE_KEY) throw impossible(`${whole} is a merge key of YAML, and is not edited`);
  if (old === undefined) {
    const hasMergeKey = parent.kind === 'object' && parent.members.some((member) => member.name === MERGE_KEY);
    if (isMerged && hasMergeKey)
      throw impossible(`${whole} may come from the merge key <<, which stands for what is elsewhere`);
    return;
  }
  const there = tree.placeOf(old).value;
  if (value !== null && isMerged && there instanceof Special) {
    throw impossible(`${whole} is ${there.what}, and cannot be merged with an object`);
  }
}
