/** Why a download failed. Operators search for these. */
export type DownloadErrorCode =
  | 'DOWNLOAD_URL_REFUSED' // http:// to a host that is not in insecureDownloadHosts, or a redirect to such a place
  | 'DOWNLOAD_HTTP_STATUS' // the server answered, but not with the file
  | 'DOWNLOAD_TOO_MANY_REDIRECTS'
  | 'DOWNLOAD_TLS' // the server's certificate was not accepted
  | 'DOWNLOAD_CONNECTION' // name lookup, connect, or no answer
  | 'DOWNLOAD_STALLED' // no bytes for a long time
  | 'DOWNLOAD_INCOMPLETE' // the connection broke before the end
  | 'DOWNLOAD_TOO_LARGE'
  | 'DOWNLOAD_HASH_MISMATCH'
  | 'DOWNLOAD_NOT_WRITTEN' // the disk is full, the folder is missing, no permission
  | 'DOWNLOAD_STOPPED' // cancelled, over its time limit, or the agent shuts down
  | 'DOWNLOAD_FAILED'; // anything else

export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly code: DownloadErrorCode;
  constructor(code: DownloadErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

const FILE_ERRORS = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EINVAL',
  'EACCES',
  'EPERM',
  'EIO',
]);
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
  const { code = '', syscall, message } = error as NodeJS.ErrnoException;
  // A host with several addresses, none of which answers, gives an AggregateError without a message.
  return new DownloadError(downloadCodeOf(code, syscall), message || code || 'unknown error', { cause: error });
}

function downloadCodeOf(code: string, syscall: string | undefined): DownloadErrorCode {
  if (syscall === 'connect') return 'DOWNLOAD_CONNECTION'; // a firewall says EACCES or EPERM, as a file would
  if (FILE_ERRORS.has(code)) return 'DOWNLOAD_NOT_WRITTEN';
  if (CONNECTION_ERRORS.has(code)) return 'DOWNLOAD_CONNECTION';
  // X509_V_ERR_… without its prefix, such as SELF_SIGNED_CERT_IN_CHAIN (tls, "X509 certificate error codes")
  if (/CERT|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^EPROTO$/.test(code)) return 'DOWNLOAD_TLS';
  return 'DOWNLOAD_FAILED';
}
