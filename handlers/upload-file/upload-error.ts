/** Why an upload failed. Operators search for these. */
import { AddressRefusedError, connectionProblem, ProxyError } from '../../agent/handler-api.ts';

export type UploadErrorCode =
  | 'UPLOAD_ADDRESS_REFUSED' // the host is this machine, or a cloud's metadata service
  | 'UPLOAD_FILE_REFUSED' // a link leads out of the folders, or it is no plain file
  | 'UPLOAD_FILE_UNREADABLE' // not there, no permission, or it became shorter meanwhile
  | 'UPLOAD_TOO_LARGE'
  | 'UPLOAD_DENIED' // 403: expired, signed for another method, or without the right
  | 'UPLOAD_HTTP_STATUS'
  | 'UPLOAD_TLS'
  | 'UPLOAD_CONNECTION'
  | 'UPLOAD_PROXY' // the proxy could not be reached, or said no
  | 'UPLOAD_STALLED';

export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly code: UploadErrorCode;
  /** Might another try do better? */
  readonly isPassing: boolean;
  constructor(
    code: UploadErrorCode,
    message: string,
    { isPassing = false, cause }: { isPassing?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.isPassing = isPassing;
  }
}

/** Node's errors of a connection. Their messages name hosts and addresses, never the query of a URL. */
export function toConnectionError(error: unknown): UploadError {
  if (error instanceof UploadError) return error;
  if (error instanceof AddressRefusedError) return new UploadError('UPLOAD_ADDRESS_REFUSED', error.message);
  if (error instanceof ProxyError) {
    return new UploadError('UPLOAD_PROXY', error.message, { isPassing: error.isPassing, cause: error });
  }
  const { code = '', message } = error as NodeJS.ErrnoException;
  // X509_V_ERR_… without its prefix, such as SELF_SIGNED_CERT_IN_CHAIN (tls, "X509 certificate error codes")
  const isTls = /CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^EPROTO$/.test(code);
  return new UploadError(
    isTls ? 'UPLOAD_TLS' : 'UPLOAD_CONNECTION',
    isTls ? message || code : connectionProblem(error),
    {
      isPassing: !isTls,
      cause: error,
    },
  );
}
