/**
 * Invariant I9: a pre-signed URL is a password in disguise, so no URL leaves the agent with its query, its fragment or
 * its user and password. Host and path stay: they tell the operator which file it was.
 */
export function redactUrls(text: string): string {
  return text
    .replace(URL_WITH_USER, '$1…@')
    .replace(LINK, (_, place: string, mark?: string) => (mark === undefined ? place : `${place}${mark}…`))
    .replace(SIGNATURE_PARAMETER, '$1=…');
}

/** As `redactUrls`, and without private keys: for text whose origin is not known, such as a handler's output. */
export function redactSecrets(text: string): string {
  return redactUrls(text).replace(PRIVATE_KEY, '[private key]');
}

// Linear, so that no output can stall the agent: no character is walked from more than one start.
const URL_WITH_USER = /\b(https?:\/\/)[^\s"'<>/?#@]+@/gi;
const LINK = /\b(https?:\/\/[^\s"'<>?#]*)(?:([?#])[^\s"'<>]+)?/gi;
/** What is left when a program prints only the query, or breaks the URL (AWS Signature Version 4 and 2, CloudFront). */
const SIGNATURE_PARAMETER =
  /\b(X-Amz-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|Key-Pair-Id)=[^\s"'<>&]+/gi;
/** To the end of the text when the end of the key was cut off. Lazy: what is greedy needs memory for each character. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|(?=-----END)|$)/g;
