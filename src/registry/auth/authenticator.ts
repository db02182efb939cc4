/** Decides who is asking. */
export interface Authenticator {
  /** Value of the `WWW-Authenticate` header that tells clients how to authenticate. */
  readonly challenge: string;
  /**
   * @param authorization value of the `Authorization` header, if any.
   * @returns the user's name, or undefined when the credentials are missing or wrong.
   */
  authenticate(authorization: string | undefined): Promise<string | undefined>;
}
