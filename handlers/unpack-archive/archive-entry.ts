/** What an archive has, whatever its format is. */
export interface ArchiveEntry {
  /** As the archive has it. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'symlink';
  readonly mode: number;
  /** Of the content; 0 for what has none. */
  readonly bytes: number;
  /** Of links, where they lead to. */
  readonly linkName: string;
  /** Read it before the next entry is asked for; what is left is passed over. */
  readonly content: AsyncIterable<Buffer>;
}
