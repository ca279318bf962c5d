/** The machine could not give what was asked for. The caller makes it the error of its own operation. */
export interface HostFailure {
  readonly _tag: "HostFailure"
  readonly subject: "derivation" | "file" | "user" | "home"
  /** The file's path; empty for the others. */
  readonly path: string
  /** The system's reason. It never has contents of a file nor a secret. */
  readonly reason: string
}

export const make = (subject: HostFailure["subject"], path: string, reason: string): HostFailure => ({
  _tag: "HostFailure",
  subject,
  path,
  reason
})
