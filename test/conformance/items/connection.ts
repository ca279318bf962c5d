/** Opening a connection: sockets, encryption, start-up, parameters, where settings come from, cancelling and closing. */
import { settled, type Section } from "../item.js"

export const connection: ReadonlyArray<Section> = [
  settled(
    "1.1",
    "The first packets",
    "protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-STARTUPMESSAGE",
    `
CON-001 The four opening packets have no tag byte, and their length counts itself.
CON-002 A start-up packet longer than the server takes (10000 bytes of body) is refused before it is sent, and it ends in one zero.
CON-003 A zero byte in a user, database, password or setting is refused here, not cut off or smuggled in as another setting.
CON-004 A setting without a name is refused: on the wire it would end the list.
CON-005 The user is always sent; the database may be left to default to it.
CON-006 The server cuts user and database names to 63 bytes, so a longer one is refused or reported: two could mean the same.
CON-007 Start-up settings leave in the order libpq uses, for the sake of poolers that are particular.
CON-008 A few start-up names have a meaning of their own; all others become session settings and what RESET returns to. :: fact
CON-009 Replication mode is asked for with the exact word \`database\`, or a boolean for the physical kind.
CON-010 Start-up text is UTF-8 and the packet says so in client_encoding.
CON-011 Protocol 2 is gone, and an unknown major version is refused with 0A000. :: fact
`
  ),
  settled(
    "1.2",
    "TCP and Unix sockets",
    "libpq-connect.html#LIBPQ-CONNECT-HOST",
    `
CON-012 A host that starts with a slash (or @) names a socket folder; the file in it follows from the port, and too long a path is said plainly.
CON-013 Without a host, the documented default is used.
CON-014 TLS and GSS are not spoken over a Unix socket; a demand for GSS there is an error.
CON-015 requirepeer is refused where the runtime cannot read the peer's user, never ignored.
CON-016 hostaddr replaces the look-up only; names for certificates and password files still come from host.
CON-017 Every address of a name is tried in turn, each with the whole connect timeout.
CON-018 Keepalive settings are applied, and those the runtime cannot apply are reported.
CON-019 The connect timeout spans everything from TCP to the first ReadyForQuery; zero means none.
CON-020 A deadline over all hosts together may be set besides.
CON-021 The server hangs up on a log-in that takes longer than authentication_timeout, so a token is had before a connection waits for it.
`
  ),
  settled(
    "1.3",
    "TLS by request",
    "protocol-flow.html#PROTOCOL-FLOW-SSL",
    `
CON-022 After SSLRequest exactly one byte is awaited before anything else happens.
CON-023 The answers are handshake, go on in plain if allowed, or failure; no fourth one is accepted.
CON-024 An error in place of the answer ends the attempt, and its unauthenticated text is not shown.
CON-025 Plaintext that arrived together with the yes ends the attempt before any of it is read.
CON-026 No byte read before the handshake can turn up after it.
CON-027 The same holds for the yes to GSS encryption.
CON-028 The handshake begins only after the yes.
CON-029 A server that hangs up instead of answering is a failed connection, never a reason to go on in plain beyond what sslmode allows.
CON-030 The first thing said inside TLS is the StartupMessage.
CON-031 After a no, the other kind of encryption may be asked for once on the same socket.
CON-032 The server name goes out for names only, never for addresses, without a dot at the end.
CON-033 The application protocol offered is \`postgresql\`; a different one chosen is a failure.
CON-034 TLS 1.2 is the least by default, and a minimum above the maximum is refused when read.
CON-035 Neither renegotiation nor compression takes place.
CON-036 A resumed TLS session is never shared between hosts and never skips looking at the name.
CON-037 Terminate goes before the end of TLS; a bare end while idle is an end like any other.
`
  ),
  settled(
    "1.4",
    "TLS from the first byte",
    "libpq-connect.html#LIBPQ-CONNECT-SSLNEGOTIATION",
    `
CON-038 Direct TLS starts with the handshake, naming \`postgresql\`, and sends no SSLRequest.
CON-039 A server that did not choose \`postgresql\` is not talked to.
CON-040 Direct TLS goes only with the sslmodes that insist on TLS; others are a configuration error.
CON-041 A server that cannot do it means a failed connection, not a silent second way.
CON-042 The server turns away clients that do not name the protocol. :: fact
CON-043 Cancel requests take the direct way too.
`
  ),
  settled(
    "1.5",
    "GSSAPI encryption",
    "protocol-flow.html#PROTOCOL-FLOW-GSSAPI",
    `
CON-044 One byte answers: yes, no or error; anything else is a failure.
CON-045 Tokens and wrapped data come with a length whose limit is checked before memory is taken.
CON-046 A context without confidentiality is refused.
CON-047 Plaintext that follows the yes ends the attempt.
CON-048 gssencmode knows three words and is tried only with credentials and not on Unix sockets.
CON-049 Inside GSS encryption no TLS is attempted.
CON-050 Without an implementation, a demand for it is an error and a preference is ignored.
`
  ),
  settled(
    "1.6",
    "sslmode",
    "libpq-ssl.html#LIBPQ-SSL-PROTECTION",
    `
CON-051 A no, where TLS is required, fails with a clear text.
CON-052 The two middle modes try the other way on a new connection after a failed handshake or an early error.
CON-053 All six words are accepted, and the docs say what \`prefer\` does not give.
CON-054 The system's trust store may be named, and then nothing weaker than full verification is accepted.
CON-055 A missing root certificate is an error where verification was asked for.
CON-056 Names are compared with the host as configured, alternative names first, the common name only without them.
CON-057 An address is compared with address entries, byte for byte.
CON-058 A wildcard stands for one leftmost label; a zero byte in a name rejects the certificate.
CON-059 Revoked certificates fail the handshake.
CON-060 Client certificates and keys work, with libpq's default files and its check of the key file's mode.
CON-061 Session keys can be logged to a private file for debugging.
`
  ),
  settled(
    "1.7",
    "Protocol versions",
    "protocol-overview.html#PROTOCOL-VERSIONS",
    `
CON-062 The least and the greatest version to speak are settings, and contradicting ones are refused.
CON-063 The server may lower the version once, before authentication, and list the extensions it does not know.
CON-064 That message carries the whole version word, not the minor number alone.
CON-065 What the server answers is spoken: 3.0 up to 17, its own newest or what was asked from 18.
CON-066 Every senseless negotiation is refused: higher than asked, below 3.0, 3.1, too low, unknown names, nothing changed, twice.
CON-067 After a sound one the conversation goes on without a word from us.
CON-068 Servers too old to negotiate reject the connection; trying again with 3.0 is allowed.
CON-069 Version 3.1 is never asked for.
CON-070 The version asked for can be set, and an early failure points at that setting.
CON-071 All that 3.2 changes is the length of the cancel key.
CON-072 A test mode asks for an impossible version and extension and expects exactly the refusal.
CON-073 The version agreed on can be read by the user.
`
  ),
  settled(
    "1.8",
    "From StartupMessage to ready",
    "protocol-flow.html#PROTOCOL-FLOW-START-UP",
    `
CON-074 Before AuthenticationOk only authentication, error, version and notice messages are legal; all else ends the connection.
CON-075 Early messages have small limits, so that something that is not PostgreSQL is told as such; a very old error's plain text is read.
CON-076 Between AuthenticationOk and ready come parameters, key and notices in any order, or an error that is the end.
CON-077 Without a cancel key the connection works and cancelling is reported as not available.
CON-078 The key is what is left of its message: four bytes in 3.0, otherwise 4 to 256.
CON-079 Ready is the first ReadyForQuery, and it must say idle.
CON-080 The known refusals at start-up map to failures a caller can tell apart.
CON-081 A server that hangs up without a word is reported with the phase that was reached.
`
  ),
  settled(
    "1.9",
    "Parameters the server reports",
    "protocol-flow.html#PROTOCOL-ASYNC",
    `
CON-082 Reported parameters are kept at start-up and on change, unknown names included.
CON-083 Their order means nothing, the last value wins, and users may ask in any letter case.
CON-084 Changes are taken both at once and collected before ReadyForQuery.
CON-085 Version strings of distributions, betas and development servers give a number.
CON-086 A walsender that reports SQL_ASCII is not refused for it.
CON-087 A client_encoding that stops being UTF-8 is noticed, never decoded wrongly in silence.
CON-088 Date and interval styles that change do not make text values come out wrong.
CON-089 Escaping of literals heeds standard_conforming_strings.
CON-090 A server without integer date-times is refused binary times.
`
  ),
  settled(
    "1.10",
    "Keyword and value strings",
    "libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE",
    `
CON-091 Pairs with spaces, quotes and backslashes are read as libpq reads them, and faults name the keyword.
CON-092 The later of two equal keywords wins.
CON-093 A database name that is itself a connection string is expanded where that was asked for.
`
  ),
  settled(
    "1.11",
    "Connection URIs",
    "libpq-connect.html#LIBPQ-CONNSTRING-URIS",
    `
CON-094 Two schemes and no third.
CON-095 Every part of the URI may be missing.
CON-096 User and password end at the first at-sign before a slash, and split at the first colon.
CON-097 Percent escapes are decoded everywhere, zero and broken ones refused, a plus stays a plus.
CON-098 IPv6 addresses stand in brackets, and what may follow the bracket is checked.
CON-099 Several hosts, each with its own port or the default.
CON-100 A socket folder fits in as an escaped host or as a parameter.
CON-101 Parameters have one equals sign and a known name, and win over the rest of the URI.
CON-102 Empty parts count as not set.
CON-103 The platform's URL class is not used: it cannot hold these.
`
  ),
  settled(
    "1.12",
    "Where settings come from",
    "libpq-connect.html#LIBPQ-PARAMKEYWORDS",
    `
CON-104 Explicit settings win over the service file, that over the environment, that over defaults.
CON-105 All of libpq's environment variables are known.
CON-106 All of libpq's keywords are known, and those with a meaning for security are never silently ignored.
CON-107 User and database default as in libpq.
CON-108 Service files are looked for in libpq's order, and a service found nowhere is an error.
CON-109 Service files are read with libpq's rules and refusals.
CON-110 The password file is used only where no password was given.
CON-111 Its lines match with wildcards for whole fields and two escapes; the first match wins.
CON-112 One that others may read is ignored with a warning.
CON-113 The host compared is the one configured, with localhost for the defaults.
CON-114 A wrong password from the file produces an error that names the file.
`
  ),
  settled(
    "1.13",
    "Several hosts",
    "libpq-connect.html#LIBPQ-MULTIPLE-HOSTS",
    `
CON-115 Lists of hosts, addresses and ports must fit each other.
CON-116 Hosts and their addresses are tried in order, or shuffled on request.
CON-117 What cannot connect moves on to the next; what is refused stops.
CON-118 Six words say which role is wanted.
CON-119 Writable or not is decided from reported parameters, or by asking.
CON-120 Primary or standby likewise.
CON-121 Standby if possible takes a second round that accepts anything.
CON-122 A host of the wrong role is left politely.
CON-123 The final failure lists every attempt with its reason.
CON-124 The accepted address can be read, and cancelling goes to it and no other.
`
  ),
  settled(
    "1.14",
    "Cancelling",
    "protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS",
    `
CON-125 The cancel connection goes to the same address with the same encryption and checks.
CON-126 The request is twelve bytes and the whole key.
CON-127 No answer is awaited but the server's hanging up, or a time limit.
CON-128 Nothing else is sent on that connection.
CON-129 A cancel may come too late: the main connection reads on to its own ReadyForQuery either way.
CON-130 No later statement can be hit: nothing is sent until the cancel connection has ended.
CON-131 In a pipeline the running statement is stopped and the rest up to Sync skipped. :: fact
`
  ),
  settled(
    "1.15",
    "Closing",
    "protocol-flow.html#PROTOCOL-FLOW-TERMINATION",
    `
CON-132 Terminate is sent, flushed, and the socket closed without waiting for a reply.
CON-133 Terminate never lands inside another message or, unless all is given up, inside copied data.
CON-134 When the connection is lost, every waiter fails, and what was sent counts as unknown.
`
  )
]
