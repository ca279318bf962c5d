/**
 * Unrequested messages of the server: notices, notifications and parameter changes. Each kind has any number of subscribers
 * with a bounded buffer each. A subscriber that falls behind loses its oldest elements, and the loss is counted and
 * readable; queries are never held up. Notices without a subscriber are logged at the level of their severity.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Notice } from "../../model/Notice.js"
import type { Notification } from "../../model/Notification.js"
import type { PgSessionError } from "../../model/PgError.js"
import { isShutdown, ShutdownCounts } from "./ShutdownLog.js"

/** Elements a subscriber may be behind. */
export const subscriberCapacity = 4096

/**
 * Characters of the settings that a server has reported, names and values together, at which its session is ended: a server
 * reports some fifteen short ones, and each name is kept as long as the session lives.
 */
export const maxParameterCharacters = 1 << 20

/** Notices waiting to be logged. */
const logCapacity = 256

/** A setting that the server reports, at the start and whenever it changes. */
export interface ParameterChange {
  readonly name: string
  readonly value: string
}

/**
 * How many elements were lost since the connection was opened: by subscribers that fell behind, by the log of notices that
 * has no subscriber, and notifications that came when there was no subscriber.
 */
export interface Losses {
  readonly notices: number
  readonly notifications: number
  readonly parameterChanges: number
}

class Channel<A> {
  private readonly subscribers = new Set<Mailbox.Mailbox<A, PgSessionError>>()
  private ended: Exit.Exit<void, PgSessionError> | undefined
  lost = 0

  get isTaken(): boolean {
    return this.subscribers.size > 0
  }

  offer(value: A): void {
    for (const mailbox of this.subscribers) {
      const size = mailbox.unsafeSize()
      if (size._tag === "Some" && size.value >= subscriberCapacity) this.lost++
      mailbox.unsafeOffer(value)
    }
  }

  end(how: Exit.Exit<void, PgSessionError>): void {
    if (this.ended !== undefined) return
    this.ended = how
    for (const mailbox of this.subscribers) mailbox.unsafeDone(how)
    this.subscribers.clear()
  }

  /** Subscribed when the effect has succeeded; unsubscribed with the scope. */
  readonly subscribe: Effect.Effect<Stream.Stream<A, PgSessionError>, never, Scope.Scope> = Effect.suspend(
    () =>
      Effect.acquireRelease(
        Effect.map(
          Mailbox.make<A, PgSessionError>({ capacity: subscriberCapacity, strategy: "sliding" }),
          (mailbox) => {
            if (this.ended === undefined) this.subscribers.add(mailbox)
            else mailbox.unsafeDone(this.ended)
            return mailbox
          }
        ),
        (mailbox) =>
          Effect.sync(() => {
            this.subscribers.delete(mailbox)
            mailbox.unsafeDone(Exit.void)
          })
      ).pipe(Effect.map(Mailbox.toStream))
  )
}

/** Takes the notices that have no subscriber. */
export interface Unclaimed {
  readonly offer: (notice: Notice) => void
  /** Notices it could not keep up with. */
  readonly lost: number
}

/** Logs in order, by a fiber that is there only while there is something to log: most connections never receive a notice. */
class NoticeLog implements Unclaimed {
  private readonly waiting: Array<Notice> = []
  private running = false
  lost = 0

  constructor(
    private readonly runtime: Runtime.Runtime<never>,
    private readonly shutdowns: ShutdownCounts
  ) {}

  offer(notice: Notice): void {
    if (isShutdown(notice)) return this.shutdowns.add(notice, this.runtime)
    if (this.waiting.push(notice) > logCapacity) {
      this.waiting.shift()
      this.lost++
    }
    if (this.running) return
    this.running = true
    // Not at once: this is the socket's turn, and a logger takes as long as it likes.
    Runtime.runFork(this.runtime, this.drain, { immediate: false })
  }

  private get drain(): Effect.Effect<void> {
    return Effect.ensuring(
      Effect.whileLoop({
        while: () => this.waiting.length > 0,
        body: () => log(this.waiting.shift()!),
        step: () => {}
      }),
      Effect.sync(() => {
        this.running = false
      })
    )
  }
}

export class SideChannels {
  readonly notices = new Channel<Notice>()
  readonly notifications = new Channel<Notification>()
  readonly changes = new Channel<ParameterChange>()
  /** Settings as last reported; the last value of a name wins. */
  readonly parameters = new Map<string, string>()
  /** Characters in `parameters`. */
  private parameterCharacters = 0

  constructor(private readonly unclaimed: Unclaimed) {}

  notice(notice: Notice): void {
    if (this.notices.isTaken) this.notices.offer(notice)
    else this.unclaimed.offer(notice)
  }

  notification(notification: Notification): void {
    const { channel, payload, processId } = notification
    if (!this.notifications.isTaken) this.notifications.lost++
    this.notifications.offer({ processId, channel, payload })
  }

  /** Takes a reported setting; the result is a text when the session cannot continue with it. */
  parameter(name: string, value: string): string | undefined {
    const before = this.parameters.get(name)
    this.parameterCharacters += value.length - (before === undefined ? -name.length : before.length)
    if (this.parameterCharacters > maxParameterCharacters) {
      return (
        `the server has reported ${this.parameters.size + 1} settings with more than ` +
        `${maxParameterCharacters} characters together (maxParameterCharacters)`
      )
    }
    this.parameters.set(name, value)
    this.changes.offer({ name, value })
    return refusal(name, value, this.parameters.get("server_encoding"))
  }

  /** The value of a setting, by its name in any letter case. */
  find(name: string): string | undefined {
    const exact = this.parameters.get(name)
    if (exact !== undefined) return exact
    const lower = name.toLowerCase()
    for (const [known, value] of this.parameters) if (known.toLowerCase() === lower) return value
    return undefined
  }

  get losses(): Losses {
    return {
      notices: this.notices.lost + this.unclaimed.lost,
      notifications: this.notifications.lost,
      parameterChanges: this.changes.lost
    }
  }

  /** The session is over: subscribers get what came before, and then the reason; without one their streams end. */
  end(cause?: PgSessionError): void {
    const how = cause === undefined ? Exit.void : Exit.fail(cause)
    this.notices.end(how)
    this.notifications.end(how)
    this.changes.end(how)
  }
}

/**
 * Text is read as UTF-8 and times as integers: a session that does otherwise would give wrong values. A walsender and a
 * database in SQL_ASCII report that encoding and are left alone.
 */
export const refusal = (name: string, value: string, serverEncoding?: string): string | undefined => {
  if (name === "client_encoding" && !isUtf8(value, serverEncoding)) {
    return (
      `client_encoding has been set to ${value}, and this client reads and writes UTF8 only: leave it as it is, because the server ` +
      "converts from and to the encoding of its database; for bytes in another encoding use convert_to and convert_from, or the option encoding of a COPY"
    )
  }
  if (name === "integer_datetimes" && value !== "on")
    return "integer_datetimes is off, a server too old for this client"
  return undefined
}

/** Without an encoding a server converts nothing: it sends what its database has. */
const isUtf8 = (encoding: string, serverEncoding: string | undefined): boolean =>
  encoding === "UTF8" ||
  encoding === "UNICODE" ||
  (encoding === "SQL_ASCII" &&
    (serverEncoding === undefined || serverEncoding === "SQL_ASCII" || serverEncoding === "UTF8"))

const log = (notice: Notice): Effect.Effect<void> => {
  const text = `${notice.severity} ${notice.code}: ${notice.text}`
  switch (notice.severity) {
    case "WARNING":
      return Effect.logWarning(text)
    case "DEBUG":
      return Effect.logDebug(text)
    default:
      return Effect.logInfo(text)
  }
}

/**
 * The channels of one connection. Notices without a subscriber are logged as a log of `runtime` would be; the server's warnings of its end
 * once for all connections with the same `shutdowns`.
 */
export const make = (
  runtime: Runtime.Runtime<never>,
  shutdowns: ShutdownCounts = new ShutdownCounts()
): SideChannels => new SideChannels(new NoticeLog(runtime, shutdowns))
