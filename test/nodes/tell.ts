/** Tells each fact as it is found. @param wrong what is otherwise than it should be, line by line. */
export type Tell = (isWell: boolean, fact: string, wrong?: readonly string[]) => void;
