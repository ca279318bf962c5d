/**
 * Whether a session is of the kind that `target_session_attrs` asks for. A server that reports what decides it, as all
 * do from version 14 on, is not asked; poolers and older servers are.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
 */
import * as Effect from "effect/Effect"
import * as Utf8 from "../../bytes/Utf8.js"
import type { TargetSessionAttrs } from "../../config/Vocabulary.js"
import { otherRole } from "../../model/Judgement.js"
import { PgProtocolError, PgServerError } from "../../model/PgError.js"
import type { TransportFailure } from "../../model/PgError.js"
import * as SystemFailure from "../../net/SystemFailure.js"
import type { RoleQuestion } from "../session/ConnectFacts.js"
import type { Conversation, ConversationError } from "../session/Conversation.js"
import type { SideChannels } from "../session/SideChannels.js"

export {
  /** Code of the failure when the session is of another kind. */
  otherRole
}

/** What is looked for in one pass over the hosts. */
export type WantedRole = Exclude<TargetSessionAttrs, "prefer-standby">

/** The passes over the list of hosts, one after the other. */
export const passes = (attrs: TargetSessionAttrs): ReadonlyArray<WantedRole> =>
  attrs === "prefer-standby" ? ["standby", "any"] : [attrs]

const flag = (value: string | undefined): boolean | undefined =>
  value === undefined ? undefined : value === "on" || value === "t"

/** The first value of the first row of a simple query. */
const ask = (
  conversation: Conversation,
  side: SideChannels,
  sql: string
): Effect.Effect<string | undefined, ConversationError | PgServerError> =>
  Effect.gen(function* () {
    conversation.state = "Role.Asked"
    conversation.send({ _tag: "Query", sql })
    let answer: string | undefined
    for (;;) {
      const message = yield* conversation.next
      switch (message._tag) {
        case "ErrorResponse":
          return yield* Effect.fail(new PgServerError({ ...message.fields, sql }))
        case "NoticeResponse":
          side.notice(message.fields)
          break
        case "ParameterStatus": {
          const reason = side.parameter(message.name, message.value)
          if (reason === undefined) break
          return yield* Effect.fail(new PgProtocolError({ state: conversation.state, tag: "S", reason }))
        }
        case "DataRow": {
          const value = message.values[0]
          if (value !== undefined && value !== null) answer ??= Utf8.decode(value, 0, value.length)
          break
        }
        case "ReadyForQuery":
          return answer
      }
    }
  })

/**
 * Whether the settings that a server reports still fit what is wanted; `undefined` when it does not report what decides it.
 */
export const fits = (wanted: WantedRole, side: Pick<SideChannels, "find">): boolean | undefined => {
  if (wanted === "any") return true
  const standby = flag(side.find("in_hot_standby"))
  if (standby === undefined) return undefined
  if (wanted === "primary" || wanted === "standby") return standby === (wanted === "standby")
  const readOnlyByDefault = flag(side.find("default_transaction_read_only"))
  if (readOnlyByDefault === undefined) return undefined
  return (standby || readOnlyByDefault) === (wanted === "read-only")
}

/** The question of a session that is in use. */
export const question = (wanted: Exclude<WantedRole, "any">): RoleQuestion => {
  switch (wanted) {
    case "primary":
    case "standby":
      return {
        sql: "select pg_catalog.pg_is_in_recovery()::pg_catalog.text",
        expected: String(wanted === "standby"),
        takesWrites: wanted === "primary"
      }
    case "read-write":
    case "read-only":
      return {
        sql: "select pg_catalog.current_setting('transaction_read_only')",
        expected: wanted === "read-only" ? "on" : "off",
        takesWrites: wanted === "read-write"
      }
  }
}

const mismatch = (what: string, wanted: WantedRole): Effect.Effect<never, TransportFailure> =>
  Effect.fail(
    SystemFailure.make(otherRole, `the session is ${what}, and target_session_attrs asks for ${wanted}`)
  )

/**
 * Succeeds when the session is of the wanted kind. Fails with `otherRole` when it is not, and when a server that had to
 * be asked gave no answer. It is asked when it does not report its role, or when its reports are not `believed`.
 */
export const check = (
  wanted: WantedRole,
  conversation: Conversation,
  side: SideChannels,
  believed = true
): Effect.Effect<void, TransportFailure | ConversationError> => {
  if (wanted === "any") return Effect.void
  const standby = believed ? flag(side.find("in_hot_standby")) : undefined
  const readOnlyByDefault = flag(side.find("default_transaction_read_only"))
  const asked = (sql: string): Effect.Effect<boolean, TransportFailure | ConversationError> =>
    Effect.flatMap(
      Effect.catchTag(ask(conversation, side, sql), "PgServerError", (error) =>
        Effect.fail(SystemFailure.make(otherRole, `the server refused to report its role: ${error.text}`))
      ),
      (value) =>
        value === undefined
          ? Effect.fail(SystemFailure.make(otherRole, "the server did not report its role"))
          : Effect.succeed(flag(value) === true)
    )

  if (wanted === "primary" || wanted === "standby") {
    const known =
      standby === undefined ? asked("select pg_catalog.pg_is_in_recovery()") : Effect.succeed(standby)
    return Effect.flatMap(known, (is) =>
      is === (wanted === "standby") ? Effect.void : mismatch(is ? "on a standby" : "not on a standby", wanted)
    )
  }
  const readOnly =
    standby === undefined || readOnlyByDefault === undefined
      ? asked("show transaction_read_only")
      : Effect.succeed(standby || readOnlyByDefault)
  return Effect.flatMap(readOnly, (is) =>
    is === (wanted === "read-only") ? Effect.void : mismatch(is ? "read-only" : "not read-only", wanted)
  )
}
