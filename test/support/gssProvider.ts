/** A provider of GSS whose tokens are texts and whose encryption turns every bit around. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { GssProvider, GssTarget } from "../../src/net/Gss.js"

export interface TestProviderOptions {
  /** Our tokens, in order; done when the server's answer to the last has come. */
  readonly tokens?: ReadonlyArray<string>
  readonly credentials?: boolean
  readonly confidential?: boolean
}

export interface TestProvider extends GssProvider {
  readonly targets: Array<GssTarget>
  /** The server's tokens as text. */
  readonly heard: Array<string>
}

/** Its own inverse. */
export const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff)

export const testProvider = (options: TestProviderOptions): TestProvider => {
  const { confidential = true, credentials = true, tokens = ["one"] } = options
  const targets: Array<GssTarget> = []
  const heard: Array<string> = []
  return {
    targets,
    heard,
    hasCredentials: Effect.succeed(credentials),
    initiate: (target) =>
      Effect.sync(() => {
        targets.push(target)
        let said = 0
        return {
          step: (input) =>
            Effect.sync(() => {
              if (input !== undefined) heard.push(new TextDecoder().decode(input))
              const token = tokens[said++]
              return token === undefined
                ? { token: undefined, done: true }
                : { token: new TextEncoder().encode(token), done: false }
            }),
          confidential: () => confidential,
          wrap: (plain) => Either.right(flip(plain)),
          unwrap: (wrapped) => Either.right(flip(wrapped)),
          wrapLimit: (size) => size
        }
      })
  }
}
