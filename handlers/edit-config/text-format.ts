/** What a format must be able to do to a text, so that merge patches and patches of operations work on it. */
import type { JsonNode } from './json-tree.ts';

export type Container = Extract<JsonNode, { readonly kind: 'array' | 'object' }>;

/** @throws EditError, each of them. The nodes are those of `parse` of the same text. */
export interface TextFormat {
  parse(text: string): JsonNode;
  valueOf(text: string, node: JsonNode): unknown;
  replace(text: string, node: JsonNode, value: unknown): string;
  remove(text: string, container: Container, index: number): string;
  /** @param entry its index is that before which it goes; as many as there are: at the end. The name is left out for an array. */
  insert(text: string, container: Container, entry: NewEntry): string;
  /** Called before anything is merged: a text that could be anything is not replaced by an object. */
  checkRoot?(text: string, root: JsonNode): void;
  /** Called before a member is merged: for what a value alone does not show. */
  checkMember?(text: string, place: MergedMember): void;
}

export interface NewEntry {
  readonly index: number;
  readonly name?: string;
  readonly value: unknown;
}

export interface MergedMember {
  readonly parent: Container;
  readonly name: string;
  readonly value: unknown;
  readonly old: JsonNode | undefined;
}
