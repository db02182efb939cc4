/** Identifies the sender of a request. */
export interface Authenticator {
  /** Value of the `WWW-Authenticate` header. */
  readonly challenge: string;
  /**
   * @param authorization value of the `Authorization` header, if any.
   * @param address the client's address.
   * @returns the user's name, or undefined when the credentials are missing or wrong.
   * @throws RegistryError TOOMANYREQUESTS after many wrong ones from `address`.
   */
  authenticate(authorization: string | undefined, address?: string): Promise<string | undefined>;
}
