/** Why files could not be brought or sent. A part of `HANDLER_REASON_CODES`. */
import type { ReasonCodeEntry } from './handler-reason-codes.ts';

export const TRANSFER_REASON_CODES = {
  DOWNLOAD_URL_REFUSED: {
    status: 'FAILED',
    summary: 'The URL, or one that it redirects to, is not `https:` and its host is not in `insecureDownloadHosts`.',
    remedy: 'Use `https:`, or allow the host.',
  },
  DOWNLOAD_ADDRESS_REFUSED: {
    status: 'FAILED',
    summary: 'The host, or one that it redirects to, has a loopback or link-local address, or is a metadata service.',
    remedy: 'Allow a host of your own in `localDownloadHosts`. A metadata service is never read.',
  },
  DOWNLOAD_HTTP_STATUS: {
    status: 'FAILED',
    summary: 'The server answered with something else than the file.',
    remedy: 'For 404 and 410 check the path. 429 and 5xx were tried again for `retrySeconds` first.',
  },
  DOWNLOAD_ACCESS_DENIED: {
    status: 'FAILED',
    summary: 'The server answered 401 or 403, and not because the time of the URL was over.',
    remedy:
      'Check the rights of who signed the URL (for a placeholder: the role of the job), and that the file is there.',
  },
  DOWNLOAD_URL_EXPIRED: {
    status: 'FAILED',
    summary: 'The time of the pre-signed URL is over, and the document has no fresh one.',
    remedy:
      'Use a placeholder, which AWS IoT fills in each time the document is asked for, or make a job with a new URL.',
  },
  DOWNLOAD_TOO_MANY_REDIRECTS: {
    status: 'FAILED',
    summary: 'The server redirected again and again.',
    remedy: 'Give the URL that the redirects should lead to.',
  },
  DOWNLOAD_TLS: {
    status: 'FAILED',
    summary: 'The server’s certificate was not accepted.',
    remedy:
      'Check the server’s certificate and the gateway’s clock. A private authority has to be in the file of `downloadCaPath`.',
  },
  DOWNLOAD_CONNECTION: {
    status: 'FAILED',
    summary: 'The name was not found, nothing answered, or the connection broke.',
    remedy: 'Check the gateway’s DNS, routes and firewall towards that host.',
  },
  DOWNLOAD_STALLED: {
    status: 'FAILED',
    summary: 'The server sent nothing for a long time.',
    remedy: 'Try again; check the network between gateway and server.',
  },
  DOWNLOAD_INCOMPLETE: {
    status: 'FAILED',
    summary: 'The connection broke, or the server stopped, before the end of the file.',
    remedy: 'Try again; check the file on the server.',
  },
  DOWNLOAD_TOO_LARGE: {
    status: 'FAILED',
    summary: 'The file is larger than `maxDownloadBytes`, or than the document allows.',
    remedy: 'Raise the limit if the size is right.',
  },
  DOWNLOAD_SIZE_MISMATCH: {
    status: 'FAILED',
    summary: 'The file has another size than `sizeBytes` of the document. Nothing was put in place.',
    remedy: 'Compare the file on the server with the one that was measured.',
  },
  DOWNLOAD_NO_SPACE: {
    status: 'FAILED',
    summary: 'The disk has no room for the file beside the old one, or would be too full for the agent then.',
    remedy: 'Free space, or download to another disk.',
  },
  DOWNLOAD_HASH_MISMATCH: {
    status: 'FAILED',
    summary: 'The file has another hash than the document says. Nothing was put in place.',
    remedy: 'Compare the file on the server with the one the hash was made from.',
  },
  DOWNLOAD_PROXY: {
    status: 'FAILED',
    summary: 'The proxy of `httpsProxy` could not be reached, or does not lead to that server.',
    remedy: 'Read `reason`. 407: set user and password in `httpsProxy`. Hosts that need no proxy go into `noProxy`.',
  },
  SIGNATURE_INVALID: {
    status: 'FAILED',
    summary:
      'None of the keys that may have signed the file did, or it has to be signed and is not. Nothing was put in place.',
    remedy: 'Compare `artifactKeys` with the key that signed, and see in docs/downloads.md what has to be signed.',
  },
  DOWNLOAD_NOT_WRITTEN: {
    status: 'FAILED',
    summary: 'The file could not be written.',
    remedy: 'Check whether the folder exists and may be written to.',
  },
  DOWNLOAD_STOPPED: {
    status: 'FAILED',
    summary: 'The download was stopped from outside.',
    remedy: 'None: the job was canceled, or the agent shut down.',
  },
  DOWNLOAD_FAILED: {
    status: 'FAILED',
    summary: 'The download failed in a way that has no code of its own.',
    remedy: 'Read `reason`.',
  },
  UPLOAD_FILE_REFUSED: {
    status: 'FAILED',
    summary:
      'The file is none that may be uploaded: a link leads out of `uploadFolders` and the working folder, or it is no plain file.',
    remedy: 'Name the file itself, or add its folder to `uploadFolders`.',
  },
  UPLOAD_FILE_UNREADABLE: {
    status: 'FAILED',
    summary: 'The file is not there, may not be read, or became shorter while it was sent.',
    remedy: 'Check the path, and whether the user that the step runs as may read it. Copy a file that changes first.',
  },
  UPLOAD_TOO_LARGE: {
    status: 'FAILED',
    summary: 'The file is larger than `maxBytes`, or than the 5 GiB of one PUT. Nothing was sent.',
    remedy: 'Raise the limit if the size is right, or split the file.',
  },
  UPLOAD_DENIED: {
    status: 'FAILED',
    summary: 'The server answered 403.',
    remedy:
      'Make a new pre-signed URL, for PUT and with the `contentType` of the document, and see that its maker may write there.',
  },
  UPLOAD_HTTP_STATUS: {
    status: 'FAILED',
    summary: 'The server answered with something else than success. Redirects are not followed.',
    remedy:
      'Read `reason`; for 404 check the bucket, for 301 and 307 its region. 5xx and 429 were tried several times.',
  },
  UPLOAD_TLS: {
    status: 'FAILED',
    summary: 'The server’s certificate was not accepted.',
    remedy: 'Check the server’s certificate, `downloadCaPath` and the gateway’s clock.',
  },
  UPLOAD_CONNECTION: {
    status: 'FAILED',
    summary: 'The name was not found, nothing answered, or the connection broke, several times.',
    remedy: 'Check the gateway’s DNS, routes and firewall towards that host.',
  },
  UPLOAD_PROXY: {
    status: 'FAILED',
    summary: 'The proxy of `httpsProxy` could not be reached, or does not lead to that server.',
    remedy: 'Read `reason`. 407: set user and password in `httpsProxy`. Hosts that need no proxy go into `noProxy`.',
  },
  UPLOAD_ADDRESS_REFUSED: {
    status: 'FAILED',
    summary: 'The host has a loopback or link-local address, or is a metadata service.',
    remedy: 'Allow a host of your own in `localDownloadHosts`. Nothing is ever sent to a metadata service.',
  },
  UPLOAD_STALLED: {
    status: 'FAILED',
    summary: 'The server took nothing for a long time, several times.',
    remedy: 'Try again; check the network between gateway and server.',
  },
  UPLOAD_STOPPED: {
    status: 'FAILED',
    summary: 'The upload was stopped from outside.',
    remedy: 'None: the job was canceled, or the agent shut down.',
  },
  ARCHIVE_UNREADABLE: {
    status: 'FAILED',
    summary: 'The archive is not there, may not be read, or is no plain file. Nothing was replaced.',
    remedy: 'Check the path: a relative one counts from the working folder of the job, where a step before may put it.',
  },
  ARCHIVE_BROKEN: {
    status: 'FAILED',
    summary: 'The file is no archive that is unpacked, or is cut short or damaged. Nothing was replaced.',
    remedy:
      'Test it with `tar -tf` or `unzip -t`, and give the download a hash. Zip is unpacked, and tar as it is or compressed by gzip, xz, zstd or bzip2.',
  },
  ARCHIVE_REFUSED: {
    status: 'FAILED',
    summary:
      'An entry of the archive could lead out of the folder, or is of a kind that is not unpacked. Nothing was replaced.',
    remedy: 'Read `reason`, which names the entry, and docs/downloads.md, which lists what is refused.',
  },
  ARCHIVE_TOO_LARGE: {
    status: 'FAILED',
    summary:
      'The archive has more bytes than `maxBytes`, more entries than `maxEntries`, or takes too much memory to unpack. Nothing was replaced.',
    remedy: 'Raise the limit if the size is right. For less memory, compress with a lower level.',
  },
  ARCHIVE_PROGRAM_MISSING: {
    status: 'FAILED',
    summary: 'The gateway has no program for what the archive is compressed by. Nothing was replaced.',
    remedy: 'Install the program that `reason` names, by a step with `install-packages` before, or compress with gzip.',
  },
  ARCHIVE_NO_SPACE: {
    status: 'FAILED',
    summary: 'The disk has no room for the new folder beside the old one. Nothing was replaced.',
    remedy: 'Free space, or unpack to another disk.',
  },
  UNPACK_NOT_WRITTEN: {
    status: 'FAILED',
    summary: 'The folder could not be written or replaced.',
    remedy: 'Check whether the folder above it exists and may be written to, and that it is no mount point.',
  },
  UNPACK_STOPPED: {
    status: 'FAILED',
    summary: 'Unpacking was stopped from outside. The old folder stays.',
    remedy: 'None: the job was canceled, or the agent shut down.',
  },
} as const satisfies Record<string, ReasonCodeEntry>;
