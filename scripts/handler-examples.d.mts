export declare function examplesDefine(): Promise<Readonly<Record<string, string>>>;
