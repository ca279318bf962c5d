/** Who we are and who the server is. */
import { settled, type Section } from "../item.js"

export const authentication: ReadonlyArray<Section> = [
  settled(
    "2.1",
    "Requests and answers",
    "protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-AUTHENTICATIONOK",
    `
AUT-001 A method we do not know fails with its number, and the connection is closed politely.
AUT-002 All answers share one tag and differ in layout: terminated for passwords, bare for SASL and GSS.
AUT-003 One answer per request, and none without one.
AUT-004 Each request's body has its exact length.
AUT-005 Requests out of order (a second password, a continuation without a start, SASL twice) are refused.
AUT-006 A server may say Ok at once; whether that is good enough is a setting.
AUT-007 A refusal is an authentication failure whatever its cause, also when it only comes after Ok.
AUT-008 No password means an error here: an empty one is never sent, and a callback is asked once.
AUT-009 Passwords appear in no log and no error, and go out as plain UTF-8.
`
  ),
  settled(
    "2.2",
    "Cleartext and MD5",
    "auth-password.html",
    `
AUT-010 A cleartext password is sent as asked, and can be forbidden by a setting.
AUT-011 The MD5 answer is the word md5 and the doubly hashed password with user and salt, in lower-case hex.
AUT-012 It equals an independent computation, also for letters outside ASCII.
AUT-013 A runtime without MD5 gives a clear error.
AUT-014 A notice between Ok and ready, as newer servers send for MD5, is nothing unusual.
`
  ),
  settled(
    "2.3",
    "SCRAM",
    "sasl-authentication.html#SASL-SCRAM-SHA-256",
    `
AUT-015 The client picks the mechanism from those offered; when none fits, the error lists them.
AUT-016 The first message names no user.
AUT-017 The nonce has at least 18 random bytes and is new for every attempt.
AUT-018 The header says truthfully whether channel binding is used, possible, or neither.
AUT-019 Claiming that the server cannot bind, when it offered to, is answered with a refusal, so it is never claimed.
AUT-020 The server's first message is read strictly: order, our nonce extended, canonical salt, a plain positive count, nothing after.
AUT-021 Few iterations are accepted, too many refused by an adjustable bound, and the work is done off the event loop.
AUT-022 The three keys are derived as the RFC says.
AUT-023 The final message repeats the header and binding data in base64, and the whole nonce.
AUT-024 The proof covers all three messages exactly as they were sent.
AUT-025 The server's signature is decoded, measured and compared in constant time; its own error is reported.
AUT-026 Ok before a verified signature ends the attempt, and so does a signature that comes too early.
AUT-027 A further challenge after the final message ends the attempt.
AUT-028 A zero byte in any of these messages ends the attempt.
AUT-029 Derived keys can be given instead of the password and have their exact length.
AUT-030 Derived keys are kept only for whoever holds the password, after the server has proven itself, and never logged or stored.
AUT-031 The example of RFC 7677 comes out exactly.
`
  ),
  settled(
    "2.4",
    "Preparing passwords",
    "sasl-authentication.html#SASL-SCRAM-SHA-256",
    `
AUT-032 ASCII passwords, and bytes that are no UTF-8, are used as they are.
AUT-033 Odd spaces become spaces, and what maps to nothing disappears.
AUT-034 What is empty afterwards counts as prohibited.
AUT-035 The result is normalised with NFKC.
AUT-036 Prohibited, unassigned and mixed-direction text is found before normalising.
AUT-037 Any such text means that the raw password is used, not an error.
AUT-038 Ligatures, soft hyphens, hard spaces and wide digits come out as on the server.
AUT-039 Passwords of several kilobytes work.
`
  ),
  settled(
    "2.5",
    "Channel binding",
    "sasl-authentication.html#SASL-SCRAM-SHA-256",
    `
AUT-040 What is bound is the hash of the server's own certificate.
AUT-041 The hash follows the certificate's signature, with SHA-256 in place of the weak ones.
AUT-042 Certificates that define no hash cannot be bound: required means failure.
AUT-043 The signature's algorithm is read from the certificate itself where the runtime hides it.
AUT-044 An offer to bind without TLS is an attack or a broken proxy.
AUT-045 Three words say how much binding is wanted.
AUT-046 Required means required: nothing else is answered, and nothing less accepted.
AUT-047 A proxy that ends TLS makes binding fail; the report says so and nothing is retried.
`
  ),
  settled(
    "2.6",
    "Which methods are acceptable",
    "libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH",
    `
AUT-048 The list is all positive or all negated; anything else is a configuration error.
AUT-049 It is consulted before anything secret is sent.
AUT-050 Ok counts only after an acceptable exchange was completed, unless none is acceptable.
AUT-051 Both SCRAM mechanisms go by one name.
AUT-052 GSS encryption may stand for GSS authentication.
AUT-053 Client certificates are demanded elsewhere.
`
  ),
  settled(
    "2.7",
    "GSSAPI and SSPI",
    "gssapi-auth.html",
    `
AUT-054 The service asked for is named after the server's host.
AUT-055 Tokens go back and forth until the context stands, with mutual authentication.
AUT-056 SSPI requests can be answered with the negotiating mechanism.
AUT-057 When nothing is left to say, nothing is sent.
AUT-058 Without an implementation the refusal is explicit.
`
  ),
  settled(
    "2.8",
    "OAuth",
    "sasl-authentication.html#SASL-OAUTHBEARER",
    `
AUT-059 The token, or the request to be told where to get one, goes in the first message.
AUT-060 Binding flags and names the server would reject are not sent.
AUT-061 A failure is answered with one byte and ends in an error; success comes without a final message.
AUT-062 The server's answer is parsed as a small, strict JSON object.
AUT-063 A cached token is tried once more only where the server said it was invalid.
AUT-064 The issuer must be the configured one to the byte, over https.
AUT-065 Scope and client settings of the user win over the server's.
AUT-066 Tokens have their alphabet, and control characters are refused.
AUT-067 No token goes over plaintext unless that was allowed.
AUT-068 Where binding is required, tokens cannot be used.
AUT-069 A callback gives the token: at once what is at hand, and afterwards in all the time that a device flow takes.
`
  ),
  settled(
    "2.9",
    "Servers that lie",
    "auth-methods.html",
    `
AUT-070 A request for cleartext where only SCRAM will do gets no byte of the password.
AUT-071 An immediate Ok where something better was required is rejected.
AUT-072 No offer of binding where binding was required is rejected.
AUT-073 A wrong signature is rejected even with Ok and ready behind it.
AUT-074 A nonce that is ours alone, or not ours, is rejected.
AUT-075 An absurd number of iterations costs next to nothing.
`
  )
]
