/** What the configuration of another agent becomes, whichever agent that is. */
import type { JsonObject } from '../core/json.ts';

export interface ImportedSettings {
  /** For our config file; not yet held against the schema. */
  readonly values: JsonObject;
  /** For the operator: what has no counterpart, and what that means. */
  readonly notes: readonly string[];
  /** Why there can be no config file. */
  readonly problems: readonly string[];
}

export interface Surroundings {
  /** With `~` as the home folder, and relative paths from the current folder; what it took for granted is added to `notes`. */
  readonly absolutePath: (path: string, name: string, notes: string[]) => string;
  readonly isThere: (path: string) => boolean;
}

/** `<replace_with_endpoint_value>` in the Device Client's template. */
export function isPlaceholder(text: string): boolean {
  return /^<.*>$/.test(text.trim());
}
