/** The users of this machine, as handlers run as them. */
export interface UserAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface UserDatabase {
  /** The user this process runs as. */
  readonly own: UserAccount;
  /** By name only, never by number. @returns nothing when there is no such user. */
  find(name: string): Promise<UserAccount | undefined>;
}
