/**
 * A second connection that finds out whether a server answers at an address. An open connection proves little: a proxy or a
 * load balancer opens connections for a server that is gone. So a GSSENCRequest is sent, which a server answers with one
 * byte before any start-up, also while it is full or starting. The server logs nothing when the connection is closed after
 * that byte; after the answer to an SSLRequest it would log a failed TLS handshake.
 *
 * Where TLS begins with the first byte, nothing but TLS may be understood. There a handshake is made and the connection is closed behind
 * it, which the server does not log either.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-GSSAPI
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ByteWriter } from "../../bytes/ByteWriter.js"
import type { TransportFailure } from "../../model/PgError.js"
import * as SystemFailure from "../../net/SystemFailure.js"
import type { Link } from "../../net/Transport.js"
import { GSSENCRequest } from "../../wire/messages/Negotiation.js"

const request = (): Uint8Array => {
  const writer = new ByteWriter(8)
  GSSENCRequest.encode(writer, GSSENCRequest.value)
  return writer.detach()
}

/** The link, once a byte has come over it. Fails when it ends before. */
const answered = (link: Link): Effect.Effect<Link, TransportFailure> =>
  Effect.async((resume) => {
    link.listen({
      onData: () => resume(Effect.succeed(link)),
      onEnd: (failure) =>
        resume(
          Effect.fail(
            failure ??
              SystemFailure.make("ECONNRESET", "the connection was accepted, and closed without an answer")
          )
        ),
      onDrain: () => {}
    })
    link.write(request())
  })

/** Whether a handshake failed by the network. Any other failure, such as that of a certificate, was made of what the server sent. */
const isUnanswered = ({ code }: TransportFailure): boolean => /^E[A-Z0-9]+$/.test(code) && code !== "EPROTO"

/** Opens a link with TLS by `secure`. A handshake that fails by something that the server sent is an answer. */
export const shakingHands = <R>(
  secure: Effect.Effect<Link, TransportFailure, R>
): Effect.Effect<void, TransportFailure, R> =>
  // Ended before it is let go: the server logs a handshake whose last word is missing.
  Effect.catchAll(
    Effect.map(secure, (link) => link.end()),
    (failure) => (isUnanswered(failure) ? Effect.fail(failure) : Effect.void)
  )

/** Opens a link, and waits until a server has answered over it. */
export const answering = (
  open: Effect.Effect<Link, TransportFailure, Scope.Scope>
): Effect.Effect<Link, TransportFailure, Scope.Scope> => Effect.flatMap(open, answered)
