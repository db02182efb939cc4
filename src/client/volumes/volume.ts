/** Members of a volume that the client shows. */
export interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Scope: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** Bytes; -1 when unknown. */
  readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null;
}
