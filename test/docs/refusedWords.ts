/**
 * Words that a reader has to solve, in messages, comments and pages alike. The server sends or reports; a caller, a user or a
 * program is named; a value is unknown, invalid or missing.
 */
const words = [
  "told",
  "tells?",
  "telling",
  "says?",
  "said",
  "saying",
  "hears?",
  "heard",
  "hearing",
  "bears?",
  "bearing",
  "whoever",
  "nobody",
  "somebody",
  "anybody",
  "everybody",
  "has it that",
  "(?:is|are|was|were) none",
  "what has been",
  "it all"
]

export const refused = new RegExp(`\\b(?:${words.join("|")})\\b`, "i")
