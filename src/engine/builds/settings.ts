/** `builder` of daemon.json. */
export interface BuilderSettings {
  readonly gc?: {
    readonly enabled?: boolean;
    /** Sizes such as `10GB`. */
    readonly defaultKeepStorage?: string;
    readonly defaultReservedSpace?: string;
    readonly defaultMaxUsedSpace?: string;
    readonly defaultMinFreeSpace?: string;
    readonly policy?: readonly {
      readonly all?: boolean;
      /** `name=value` */
      readonly filter?: readonly string[];
      readonly keepStorage?: string;
      readonly reservedSpace?: string;
      readonly maxUsedSpace?: string;
      readonly minFreeSpace?: string;
      readonly keepDuration?: string;
    }[];
  };
}
