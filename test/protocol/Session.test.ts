import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import type { TransactionStatus } from "../../src/model/TransactionStatus.js"
import { nodes } from "../../src/protocol/ExtendedQuery.js"
import * as FunctionCall from "../../src/protocol/FunctionCall.js"
import * as Pipeline from "../../src/protocol/Pipeline.js"
import * as Session from "../../src/protocol/Session.js"
import type { Move } from "../../src/protocol/SessionMessage.js"
import * as SimpleQuery from "../../src/protocol/SimpleQuery.js"
import * as Grammar from "./grammar.js"

/** One request of an extended exchange: what the session receives, and the answer by the manual. */
const steps = [
  { script: nodes.Parsing, answer: Grammar.parse },
  { script: nodes.Binding, answer: Grammar.bind },
  { script: nodes.Describing, answer: Grammar.describeStatement },
  { script: nodes.DescribingPortal, answer: Grammar.describePortal },
  { script: nodes.Fetching, answer: Grammar.execute },
  { script: nodes.Closing, answer: Grammar.close }
]

interface Asked {
  readonly script: Pipeline.PipelineScript
  readonly answers: Grammar.Grammar
  /** `Query` or `FunctionCall`: ends without a Sync of ours. */
  readonly simple: boolean
}

/** What is asked, as a test prints it: a `Query`, a `FunctionCall`, or numbers of `steps` with a Sync behind or without. */
type Plan = "query" | "call" | { readonly steps: ReadonlyArray<number>; readonly synced: boolean }

const series = (steps: ReadonlyArray<number>, synced: boolean): Plan => ({ steps, synced })

const askedOf = (plan: Plan): Asked => {
  if (plan === "query") return { script: SimpleQuery.script, answers: Grammar.query, simple: true }
  if (plan === "call") return { script: FunctionCall.script, answers: Grammar.functionCall, simple: true }
  const picked = plan.steps.map((index) => steps[index]!)
  return {
    script: [...picked.map(({ script }) => script), ...(plan.synced ? Pipeline.sync : [])],
    answers: Grammar.seq(...picked.map(({ answer }) => answer), plan.synced ? Grammar.sync : Grammar.empty),
    simple: false
  }
}

const isSynced = (plan: Plan): boolean => typeof plan === "string" || plan.synced

const chosen = fc.array(fc.nat(steps.length - 1), { maxLength: 5 })
const ending = (synced: boolean): fc.Arbitrary<Plan> => chosen.map((steps) => series(steps, synced))
const synced: fc.Arbitrary<Plan> = fc.oneof(
  { arbitrary: ending(true), weight: 3 },
  fc.constantFrom<Array<Plan>>("query", "call")
)

const status = fc.constantFrom<TransactionStatus>("I", "T", "E")

const movesOf: Readonly<Record<string, Move>> = { "+c": "send CopyDone", "+f": "send CopyFail" }

/** What the owner receives for a letter; DataRow and CopyData may come as often as they like. */
const told: Readonly<Record<string, string>> = {
  1: "parsed",
  2: "bound",
  3: "closed",
  C: "complete",
  D: "rows",
  G: "copyIn",
  H: "copyOut",
  I: "empty",
  T: "columns",
  V: "value",
  W: "copyBoth",
  Z: "ready",
  c: "copyDone",
  d: "copyData",
  n: "noColumns",
  s: "suspended",
  t: "parameters"
}

/** What the session takes now: letters and moves. */
const takes = (session: Session.Session<number>): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let tag = 0; tag < 256; tag++) {
    if (Session.expects(session, tag) !== undefined) found.push(String.fromCharCode(tag))
  }
  for (const [letter, move] of Object.entries(movesOf)) {
    if (Session.moved(session, move) !== undefined) found.push(letter)
  }
  return found.sort()
}

/** The session after a letter, and what its owner received; fails when the letter is not allowed. */
const taken = (
  session: Session.Session<number>,
  letter: string,
  status: TransactionStatus
): readonly [Session.Session<number>, string] => {
  const move = movesOf[letter]
  if (move !== undefined) {
    const moved = Session.moved(session, move)
    if (moved === undefined) throw new Error(`${move} is not allowed in ${session.node.name}`)
    return [moved, "none"]
  }
  const step = Session.expects(session, letter.charCodeAt(0))
  if (step === undefined) throw new Error(`${letter} is not allowed in ${session.node.name}`)
  return [letter === "Z" ? Session.ready(session, status) : Session.advance(session, step), step.emit]
}

interface Waiting {
  readonly owner: number
  readonly answers: Grammar.Grammar
  readonly simple: boolean
  readonly synced: boolean
}

type Command =
  | { readonly _tag: "send"; readonly plan: Plan }
  | { readonly _tag: "extend"; readonly plan: Plan }
  | { readonly _tag: "receive"; readonly which: number; readonly status: TransactionStatus }
  | { readonly _tag: "error" }

const as = <T extends string>(tag: T): fc.Arbitrary<T> => fc.constant(tag)
const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.record({ _tag: as("send"), plan: fc.oneof(synced, ending(false)) }), weight: 3 },
  { arbitrary: fc.record({ _tag: as("extend"), plan: fc.oneof(ending(true), ending(false)) }), weight: 2 },
  { arbitrary: fc.record({ _tag: as("receive"), which: fc.nat(20), status }), weight: 12 },
  { arbitrary: fc.record({ _tag: as("error") }), weight: 1 }
)

describe("a session, whatever is sent and answered", () => {
  it("takes exactly what the manual's grammar allows, at every point, and gives it to the oldest request (MSG-027, MSG-028, MSG-029, MSG-030, MSG-031, MSG-032, MSG-033, MSG-034, MSG-035, MSG-036, FLW-093)", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        let session = Session.make<number>()
        let queue: ReadonlyArray<Waiting> = []
        let status: TransactionStatus = "I"
        let owners = 0
        for (const command of commands) {
          const [front, ...behind] = queue
          switch (command._tag) {
            case "send": {
              const { answers, script, simple } = askedOf(command.plan)
              queue = [...queue, { owner: owners, answers, simple, synced: isSynced(command.plan) }]
              session = Session.sent(session, owners++, script)
              break
            }
            case "extend": {
              if (front?.answers._tag !== "Empty") break
              assert.strictEqual(Session.isPaused(session), true)
              queue = [
                { ...front, answers: askedOf(command.plan).answers, synced: isSynced(command.plan) },
                ...behind
              ]
              session = Session.extended(session, askedOf(command.plan).script)
              break
            }
            case "error": {
              const failed = Session.failed(session)
              assert.strictEqual(failed === undefined, front === undefined)
              if (front === undefined || failed === undefined) break
              assert.strictEqual(Session.lacksSync(session, front.simple), !front.synced)
              queue = [{ ...front, answers: Grammar.sync, synced: true }, ...behind]
              session = failed
              break
            }
            case "receive": {
              const letters = front === undefined ? [] : [...Grammar.next(front.answers)]
              const letter = letters[command.which % letters.length]
              if (front === undefined || letter === undefined || letter === Grammar.onlyAnError) break
              assert.strictEqual(session.owner, front.owner)
              const [now, emit] = taken(session, letter, command.status)
              assert.strictEqual(emit, told[letter] ?? "none")
              if (letter === "Z") status = command.status
              session = now
              queue =
                letter === "Z"
                  ? behind
                  : [{ ...front, answers: Grammar.after(front.answers, letter) }, ...behind]
            }
          }
          const receiving = queue[0]
          const legal = receiving === undefined ? [] : [...Grammar.next(receiving.answers)]
          assert.deepStrictEqual(
            takes(session),
            legal.filter((letter) => letter !== Grammar.onlyAnError).sort()
          )
          assert.deepStrictEqual(
            Session.owners(session),
            queue.map(({ owner }) => owner)
          )
          assert.strictEqual(Session.inFlight(session), queue.length)
          assert.strictEqual(Session.isIdle(session), queue.length === 0)
          assert.strictEqual(session.status, status)
        }
      }),
      { numRuns: 300 }
    )
  })
})

/** A conversation as the server has it alone with one request: the letters, and where it breaks off in an error. */
interface Conversation {
  readonly plan: Plan
  readonly letters: ReadonlyArray<string>
  readonly failed: boolean
  readonly status: TransactionStatus
}

const conversation: fc.Arbitrary<Conversation> = fc
  .record({
    plan: synced,
    choices: fc.array(fc.nat(50), { minLength: 24, maxLength: 24 }),
    length: fc.nat(24),
    status
  })
  .map(({ choices, length, plan, status }) => {
    const letters: Array<string> = []
    let rest = askedOf(plan).answers
    for (const choice of choices.slice(0, length)) {
      const possible = [...Grammar.next(rest)]
      if (possible.length === 0) break
      const letter = possible[choice % possible.length]!
      if (letter === Grammar.onlyAnError) break
      letters.push(letter)
      rest = Grammar.after(rest, letter)
    }
    const failed = letters.at(-1) !== "Z"
    return { plan, letters: failed ? [...letters, "E", "Z"] : letters, failed, status }
  })

/** The plain interpreter: what one request receives when nothing else is going on. */
const alone = ({ letters }: Conversation): ReadonlyArray<string> =>
  letters.filter((letter) => movesOf[letter] === undefined).map((letter) => told[letter] ?? "error")

describe("requests sent one behind the other", () => {
  it("each receive what they would have received alone, and errors stay with their own request (FLW-037, FLW-038, FLW-039, FLW-041, FLW-055, TRP-047, ERR-013)", () => {
    fc.assert(
      fc.property(
        fc.array(conversation, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.boolean()),
        (conversations, sendNext) => {
          const heard: Array<Array<string>> = conversations.map(() => [])
          const statuses: Array<TransactionStatus> = []
          let session = Session.make<number>()
          let sent = 0
          let ended = 0
          let at = 0
          while (ended < conversations.length) {
            const may = sent < conversations.length
            if (sent === ended || (may && sendNext.next().value)) {
              session = Session.sent(session, sent, askedOf(conversations[sent]!.plan).script)
              sent++
              continue
            }
            const { letters, status } = conversations[ended]!
            const letter = letters[at++]!
            if (letter === "E") {
              heard[session.owner!]!.push("error")
              session = Session.failed(session)!
              continue
            }
            const owner = session.owner!
            const [now, emit] = taken(session, letter, status)
            if (movesOf[letter] === undefined) heard[owner]!.push(emit)
            session = now
            if (letter !== "Z") continue
            statuses.push(session.status)
            ended++
            at = 0
          }
          assert.deepStrictEqual(heard, conversations.map(alone))
          assert.deepStrictEqual(
            statuses,
            conversations.map(({ status }) => status)
          )
          assert.deepStrictEqual(takes(session), [])
        }
      ),
      { numRuns: 300 }
    )
  })

  it("do not become one more when a ReadyForQuery too many comes: nothing is allowed then (FLW-094, TRP-061)", () => {
    let session = Session.sent(Session.sent(Session.make<number>(), 0, Pipeline.sync), 1, Pipeline.sync)
    session = Session.ready(Session.ready(session, "I"), "I")
    assert.isUndefined(Session.expects(session, 0x5a))
    assert.deepStrictEqual(takes(session), [])
  })
})

/** The letters through a fresh session with one exchange; `refused at n` when one is not allowed. */
const through = (script: Pipeline.PipelineScript, ...letters: ReadonlyArray<string>): string => {
  let session = Session.sent(Session.make<number>(), 0, script)
  for (const [index, letter] of letters.entries()) {
    if (!takes(session).includes(letter)) return `${letter} refused at ${index}`
    session = taken(session, letter, "I")[0]
  }
  return Session.isIdle(session) ? "idle" : session.node.name
}

describe("an error", () => {
  const executing = Session.sent(Session.make<number>(), 0, Pipeline.execute)

  it("leaves only ReadyForQuery to come: what was skipped is not answered (FLW-037, FLW-039)", () => {
    for (const letters of [[], ["2"], ["2", "D"], ["2", "C"]]) {
      const before = letters.reduce((session, letter) => taken(session, letter, "I")[0], executing)
      assert.deepStrictEqual(takes(Session.failed(before)!), ["Z"])
    }
  })

  it("at Sync, after the command was reported complete, fails that request and no other (FLW-041, TRP-048)", () => {
    const two = Session.sent(executing, 1, Pipeline.execute)
    const atSync = ["2", "C"].reduce((session, letter) => taken(session, letter, "I")[0], two)
    const failed = Session.failed(atSync)!
    assert.strictEqual(failed.owner, 0)
    assert.strictEqual(Session.lacksSync(atSync, false), false)
    const second = Session.ready(failed, "I")
    assert.deepStrictEqual([second.owner, takes(second)], [1, ["2"]])
  })

  it("of a series that was not synced makes a Sync due, once; a Query needs none (FLW-010, FLW-043)", () => {
    const open = Session.sent(Session.make<number>(), 0, Pipeline.prepare)
    assert.strictEqual(Session.lacksSync(open, false), true)
    assert.strictEqual(Session.lacksSync(Session.failed(open)!, false), false)
    assert.strictEqual(
      Session.lacksSync(Session.sent(Session.make<number>(), 0, SimpleQuery.script), true),
      false
    )
    assert.strictEqual(Session.lacksSync(executing, false), false)
  })

  it("with nothing sent belongs to no request (FLW-063)", () => {
    assert.isUndefined(Session.failed(Session.make()))
    assert.strictEqual(Session.lacksSync(Session.make(), false), false)
  })
})

describe("a session with an open series", () => {
  it("waits for the client and accepts no message meanwhile", () => {
    const paused = taken(Session.sent(Session.make<number>(), 0, [nodes.Parsing]), "1", "I")[0]
    assert.strictEqual(Session.isPaused(paused), true)
    assert.deepStrictEqual(takes(paused), [])
    assert.deepStrictEqual(takes(Session.extended(paused, Pipeline.execute)), ["2"])
  })

  it("is not extended while answers are due", () => {
    const parsing = Session.sent(Session.make<number>(), 0, Pipeline.prepare)
    assert.strictEqual(Session.extended(parsing, Pipeline.sync), parsing)
  })
})

describe("a query", () => {
  const query = (letters: string): string => through(SimpleQuery.script, ...letters.split(" "))

  it("has a result per statement, in any mixture, and one ReadyForQuery", () => {
    assert.strictEqual(query("T D D C C T C Z"), "idle")
    assert.strictEqual(query("I Z"), "idle")
    assert.strictEqual(query("C Z Z"), "Z refused at 2")
    assert.strictEqual(query("T Z"), "Z refused at 1")
    assert.strictEqual(query("D"), "D refused at 0")
  })

  it("goes on with the rest of its statements after copies (FLW-068, FLW-080)", () => {
    assert.strictEqual(query("G +c C H d d c C T D C G +c C Z"), "idle")
    assert.strictEqual(query("H d T"), "T refused at 2")
    assert.strictEqual(query("G Z"), "Z refused at 1")
  })

  it("allows what replication does: results around copies, copies without a count, two counts, no copy at all", () => {
    assert.strictEqual(query("T D C H d c T D C Z"), "idle")
    assert.strictEqual(query("H d c H d d c T D C C Z"), "idle")
    assert.strictEqual(query("W d +c d c T D C C Z"), "idle")
    assert.strictEqual(query("W d c +c C C Z"), "idle")
    assert.strictEqual(query("T D C C Z"), "idle")
  })

  it("copying both ways ends when both sides have, and takes no data behind an end that was the server's own (FLW-087)", () => {
    assert.strictEqual(query("W +c c"), "SimpleQuery.CopyBothDone")
    assert.strictEqual(query("W c d"), "d refused at 2")
    assert.strictEqual(query("W c +c d"), "d refused at 3")
    assert.strictEqual(query("W c"), "SimpleQuery.CopyBothServerDone")
    assert.strictEqual(query("W +f"), "+f refused at 1")
  })

  it("copying both ways takes what is left of a transaction behind an end we asked for", () => {
    assert.strictEqual(query("W d +c d c d d C C Z"), "idle")
    assert.strictEqual(query("W +c c d C d"), "d refused at 5")
  })

  it("copying both ways may end without the server's CopyDone (REP-039, REP-054)", () => {
    assert.strictEqual(query("W C C Z"), "idle")
    assert.strictEqual(query("W d +c d C C Z"), "idle")
    assert.strictEqual(query("W C d"), "d refused at 2")
  })
})

describe("an execution", () => {
  const execute = (letters: string): string => through(Pipeline.execute, ...letters.split(" "))

  it("ends in one of three ways, or in a copy (MSG-031)", () => {
    for (const letters of ["2 C Z", "2 D D C Z", "2 I Z", "2 D s Z", "2 G +c C Z", "2 H d d c C Z"]) {
      assert.strictEqual(execute(letters), "idle")
    }
  })

  it.each([
    ["1", "1 refused at 0"],
    ["2 T", "T refused at 1"],
    ["2 C C", "C refused at 2"],
    ["2 C D", "D refused at 2"],
    ["2 Z", "Z refused at 1"],
    ["2 H c Z", "Z refused at 3"],
    ["2 W", "W refused at 1"],
    ["2 G C", "C refused at 2"],
    ["2 G +f C", "C refused at 3"]
  ])("answered by %s is out of step (FLW-093)", (letters, expected) => {
    assert.strictEqual(execute(letters), expected)
  })
})
