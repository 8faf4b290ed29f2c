/** The part of a pino logger the store needs; an own shape, so that the store imports no sibling. */
export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
