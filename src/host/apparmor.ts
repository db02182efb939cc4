/** Name of the profile that containers get on hosts with AppArmor; the one that other engines' users know. */
export const DEFAULT_PROFILE = 'docker-default';

export interface AppArmor {
  /** Whether AppArmor can confine containers here. */
  readonly enabled: boolean;
  /** Loads the default profile if need be. @throws BargeError system when the profile is not loaded and cannot be. */
  assertProfile(name: string): Promise<void>;
}
