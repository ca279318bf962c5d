/** What the gate on exports lets pass. The list may only become shorter. */

/** Exports that no file of `src` uses, with the reason why they stay. */
export const unusedExports: Readonly<Record<string, string>> = {
  "auth/Scram.ts clientFinal":
    "a client's last message from a salted password: the tests play the server with it",
  "bytes/Utf8.ts decodePlain": "plain twin of a fast function",
  "config/ConnectionUri.ts format": "the way back, which the tests of reading begin with",
  "connection/opening/Connect.ts connect": "an opening without a connector, for tests of openings",
  "wire/Frame.ts beginValue": "how values are written behind `Bind.begin`",
  "wire/Frame.ts endValue": "how values are written behind `Bind.begin`",
  "wire/Frame.ts nullValue": "how values are written behind `Bind.begin`",
  "wire/messages/Async.ts decodeReadyForQueryPlain": "plain twin of a fast function",
  "wire/messages/Negotiation.ts encryptionAnswer": "both directions of a message",
  "wire/messages/Negotiation.ts encryptionAnswerByte": "both directions of a message",
  "wire/messages/Result.ts decodeCommandCompletePlain": "plain twin of a fast function",
  "wire/replication/WalPageHeader.ts encode": "both directions of a record"
}
