/**
 * Puts values into the text of a YAML file, replaces and removes them, line by line in the style that the file has. Each edit
 * is read again and compared with what it was to be: a text that would mean anything else is never handed on.
 */
import { isDeepStrictEqual } from 'node:util';
import type * as Yaml from 'yaml';
import { type EditError, impossible } from './edit-error.ts';
import type { JsonNode } from './json-tree.ts';
import type { TextFormat } from './text-format.ts';
import { inserted, removed, replaced, type YamlEdit } from './yaml-lines.ts';
import {
  checkMember,
  checkRoot,
  type Entries,
  jsonOf,
  type Meaning,
  meaningOf,
  meaningOfValue,
  withChange,
} from './yaml-meaning.ts';
import { plainScalars } from './yaml-scalar.ts';
import { parseYamlTree, type YamlTree } from './yaml-tree.ts';
import { yamlWriter } from './yaml-writer.ts';

export function yamlText(yaml: typeof Yaml): TextFormat {
  const scalars = plainScalars(yaml);
  const writer = yamlWriter(scalars);
  let last: { readonly text: string; readonly tree: YamlTree } | undefined; // each is asked for several times
  const treeOf = (text: string): YamlTree => {
    if (last?.text !== text) last = { text, tree: parseYamlTree(yaml, scalars, text) };
    return last.tree;
  };
  const editOf = (text: string): YamlEdit => {
    return { text, tree: treeOf(text), writer, lineEnd: /\r?\n/.exec(text)?.[0] ?? '\n' };
  };
  const proved = (edit: YamlEdit, node: JsonNode, change: { readonly text: string; readonly expected: Meaning }) => {
    const expected = withChange(meaningOf(edit.tree, edit.tree.root), edit.tree.placeOf(node).path, change.expected);
    const where = edit.tree.placeOf(node).name || 'the whole';
    const problem = `${where} cannot be changed without another change, or not in this layout`;
    let tree: YamlTree;
    try {
      tree = treeOf(change.text);
    } catch (error) {
      throw impossible(`${problem}: ${(error as EditError).message}`);
    }
    if (!isDeepStrictEqual(meaningOf(tree, tree.root), expected)) throw impossible(problem);
    return change.text;
  };
  return {
    parse: (text) => treeOf(text).root,
    valueOf: (text, node) => jsonOf(treeOf(text), node),
    replace(text, node, value) {
      const edit = editOf(text);
      checkAnchors(edit.tree, node);
      return proved(edit, node, { text: replaced(edit, node, value), expected: meaningOfValue(value) });
    },
    remove(text, container, index) {
      const edit = editOf(text);
      const entry = childrenOf(container)[index];
      if (entry === undefined) return text;
      checkAnchors(edit.tree, entry);
      const old = meaningOf(edit.tree, container) as Entries;
      const expected = { ...old, entries: old.entries.toSpliced(index, 1) };
      return proved(edit, container, { text: removed(edit, container, index), expected });
    },
    insert(text, container, entry) {
      const edit = editOf(text);
      checkAnchorsAbove(edit.tree, container);
      const old = meaningOf(edit.tree, container) as Entries;
      const added = [entry.name, meaningOfValue(entry.value)] as const;
      const expected = { ...old, entries: old.entries.toSpliced(entry.index, 0, added) };
      return proved(edit, container, { text: inserted(edit, container, entry), expected });
    },
    checkRoot: (text, root) => checkRoot(treeOf(text), root),
    checkMember: (text, member) => checkMember(treeOf(text), member),
  };
}

/** What an alias elsewhere stands for would change with it, or be gone. @throws EditError */
function checkAnchors(tree: YamlTree, node: JsonNode): void {
  checkAnchorsAbove(tree, node);
  for (const child of childrenOf(node)) checkAnchors(tree, child);
}

function checkAnchorsAbove(tree: YamlTree, node: JsonNode): void {
  const { anchors, name } = tree.placeOf(node);
  if (anchors.length === 0) return;
  throw impossible(
    `${name || 'the whole'} belongs to the anchor ${anchors.at(-1)}, and aliases elsewhere would change with it`,
  );
}

function childrenOf(node: JsonNode): readonly JsonNode[] {
  if (node.kind === 'scalar') return [];
  return node.kind === 'array' ? node.items : node.members.map(({ value }) => value);
}
