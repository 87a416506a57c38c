/** Why the step ends. Its message is for the operator, without the query of a URL. */
export class FirmwareError extends Error {
  override readonly name = 'FirmwareError';
  readonly code: FirmwareErrorCode;
  constructor(code: FirmwareErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type FirmwareErrorCode =
  | 'FIRMWARE_TOOL_MISSING'
  | 'FIRMWARE_TOOL_FAILED'
  | 'FIRMWARE_BUNDLE_UNREADABLE'
  | 'FIRMWARE_URL_NOT_SUPPORTED'
  | 'FIRMWARE_NOT_INSTALLED'
  | 'FIRMWARE_NOT_ACTIVATED'
  | 'FIRMWARE_FELL_BACK'
  | 'FIRMWARE_UNHEALTHY'
  | 'FIRMWARE_NOT_COMMITTED'
  | 'FIRMWARE_ROLLBACK_FAILED';

/** Something else is at it: to be tried later. */
export class ToolBusy extends Error {
  override readonly name = 'ToolBusy';
}
