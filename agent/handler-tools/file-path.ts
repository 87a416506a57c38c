/**
 * Keywords of JSON Schema for the path of a file: absolute, or relative to the working folder, which it cannot leave. Control
 * characters are in no name that anybody means, and would break the lines of logs. PATH_MAX of limits.h counts the null byte
 * at the end.
 */
export const FILE_PATH = {
  maxLength: 4095,
  pattern: '^(?!(?:.*/)?[.][.](?:/|$))[^\\u0000-\\u001f]*[^\\u0000-\\u001f/]$',
  expected: 'the path of a file, without .. and control characters, and not ending in /',
} as const;
