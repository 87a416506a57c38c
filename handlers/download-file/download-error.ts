/** Why a download failed. Operators search for these. */
import { AddressRefusedError, connectionProblem, ProxyError } from '../../agent/handler-api.ts';

export type DownloadErrorCode =
  | 'DOWNLOAD_URL_REFUSED' // http:// to a host that is not in insecureDownloadHosts, or a redirect to such a place
  | 'DOWNLOAD_ADDRESS_REFUSED' // the host is this machine, or a cloud's metadata service
  | 'DOWNLOAD_HTTP_STATUS' // the server answered, but not with the file
  | 'DOWNLOAD_ACCESS_DENIED' // 401 or 403
  | 'DOWNLOAD_URL_EXPIRED' // the time of a pre-signed URL is over
  | 'DOWNLOAD_TOO_MANY_REDIRECTS'
  | 'DOWNLOAD_TLS' // the server's certificate was not accepted
  | 'DOWNLOAD_CONNECTION' // name lookup, connect, or no answer
  | 'DOWNLOAD_PROXY' // the proxy could not be reached, or said no
  | 'DOWNLOAD_STALLED' // no bytes for a long time
  | 'DOWNLOAD_INCOMPLETE' // the connection broke before the end
  | 'DOWNLOAD_TOO_LARGE'
  | 'DOWNLOAD_SIZE_MISMATCH'
  | 'DOWNLOAD_HASH_MISMATCH'
  | 'SIGNATURE_INVALID' // none of the keys that may have signed it did, or it is no signature
  | 'DOWNLOAD_NO_SPACE'
  | 'DOWNLOAD_NOT_WRITTEN' // the folder is missing, no permission, the disk is broken
  | 'DOWNLOAD_STOPPED' // cancelled, over its time limit, or the agent shuts down
  | 'DOWNLOAD_FAILED'; // anything else

export interface DownloadErrorOptions {
  readonly cause?: unknown;
  /** Whether it may pass by itself; what the code says unless given. */
  readonly passing?: boolean;
  /** What the server asks us to wait at least. */
  readonly retryAfterMs?: number;
}

export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly code: DownloadErrorCode;
  /** Whether it may be otherwise in a moment: the link is down, the server is busy. */
  readonly passing: boolean;
  readonly retryAfterMs: number;
  constructor(code: DownloadErrorCode, message: string, options: DownloadErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.passing = options.passing ?? PASSING.has(code);
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

const PASSING: ReadonlySet<DownloadErrorCode> = new Set([
  'DOWNLOAD_CONNECTION',
  'DOWNLOAD_STALLED',
  'DOWNLOAD_INCOMPLETE',
]);

const NO_SPACE_ERRORS = new Set(['ENOSPC', 'EDQUOT']);
const FILE_ERRORS = new Set(['EFBIG', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EINVAL', 'EACCES', 'EPERM', 'EIO']);
const CONNECTION_ERRORS = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
]);

/** Node's own errors under our codes. Their messages name hosts, addresses and paths, but never the query of a URL. */
export function toDownloadError(error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  if (error instanceof AddressRefusedError) return new DownloadError('DOWNLOAD_ADDRESS_REFUSED', error.message);
  if (error instanceof ProxyError) {
    return new DownloadError('DOWNLOAD_PROXY', error.message, { cause: error, passing: error.isPassing });
  }
  const { code = '', syscall, message } = error as NodeJS.ErrnoException;
  // A host with several addresses, none of which answers, gives an AggregateError without a message.
  const ours = downloadCodeOf(code, syscall);
  const told = ours === 'DOWNLOAD_CONNECTION' ? connectionProblem(error) : message || code || 'unknown error';
  return new DownloadError(ours, told, { cause: error });
}

function downloadCodeOf(code: string, syscall: string | undefined): DownloadErrorCode {
  // A firewall says EACCES or EPERM, as a file would, and getaddrinfo(3) EINVAL of a name that is too long.
  if (syscall === 'connect' || syscall === 'getaddrinfo') return 'DOWNLOAD_CONNECTION';
  if (NO_SPACE_ERRORS.has(code)) return 'DOWNLOAD_NO_SPACE';
  if (FILE_ERRORS.has(code)) return 'DOWNLOAD_NOT_WRITTEN';
  if (CONNECTION_ERRORS.has(code)) return 'DOWNLOAD_CONNECTION';
  // X509_V_ERR_… without its prefix, such as SELF_SIGNED_CERT_IN_CHAIN (tls, "X509 certificate error codes")
  if (/CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^EPROTO$/.test(code)) return 'DOWNLOAD_TLS';
  return 'DOWNLOAD_FAILED';
}
