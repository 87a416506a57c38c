export declare function consoleFiles(): Promise<Readonly<Record<string, string>>>;
export declare function consoleDefine(): Promise<Readonly<Record<string, string>>>;
