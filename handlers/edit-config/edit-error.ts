/** Why a file could not be read or edited. Operators search for these. */
export type EditErrorCode =
  | 'CONFIG_UNREADABLE' // not there, no permission, no plain file, or a link that is not followed
  | 'CONFIG_UNSUITABLE' // too large, or no text
  | 'CONFIG_NOT_PARSED'
  | 'CONFIG_CHANGE_IMPOSSIBLE'; // it is parsed, and has no place for what was asked for

export class EditError extends Error {
  override readonly name = 'EditError';
  readonly code: EditErrorCode;
  constructor(code: EditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `line 3, column 7: …`; both count from 1, columns in UTF-16 code units as editors of code count them. */
export function notParsed(line: number, column: number, problem: string): EditError {
  return new EditError('CONFIG_NOT_PARSED', `line ${line}, column ${column}: ${problem}`);
}

export function impossible(problem: string): EditError {
  return new EditError('CONFIG_CHANGE_IMPOSSIBLE', problem);
}

export interface EditedText {
  readonly text: string;
  /** Names of what is other than before, never values: one may be a password. Empty: nothing. */
  readonly changed: readonly string[];
}
