/**
 * The function-call sub-protocol: one function by OID, arguments and result as bytes. A legacy of the protocol, kept for
 * large objects; a SELECT does the same and more.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-FUNCTION-CALL
 */
import type { Format } from "../../model/Format.js"
import { PgUsageError } from "../../model/PgError.js"
import type { PipelineScript } from "../../protocol/Pipeline.js"
import * as Machine from "../../protocol/FunctionCall.js"
import { shapeOf } from "../../types/Parameters.js"
import * as Message from "../../wire/messages/FunctionCall.js"
import { notBytes } from "../session/Bytes.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"

/**
 * A call of a function by its OID, outside SQL. A prepared `select f($1)` does the same, and is what PostgreSQL recommends.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-FUNCTION-CALL
 */
export interface Call {
  readonly functionOid: number
  readonly arguments: ReadonlyArray<Uint8Array | null>
  /** Of all arguments and of the result. Default binary. */
  readonly format?: Format
}

export class FunctionCallRequest extends Request {
  private value: Uint8Array | null = null

  constructor(
    private readonly call: Call,
    private readonly outcome: Outcome<Uint8Array | null>
  ) {
    super(`function ${call.functionOid}`, "callFunction", true, true)
  }

  /** What is wrong with the arguments of the message. */
  private get refused(): PgUsageError | undefined {
    const { arguments: values, format = 1, functionOid } = this.call
    if (!Number.isInteger(functionOid) || functionOid < 0 || functionOid > 0xffffffff)
      return this.usage(
        "functionOid",
        `must be a whole number from 0 to 4294967295, got ${String(functionOid)}`
      )
    if (format !== 0 && format !== 1) return this.usage("format", `must be 0 or 1, got ${String(format)}`)
    if (!Array.isArray(values)) return this.usage("arguments", `must be an array, got ${shapeOf(values)}`)
    for (const [index, value] of values.entries()) {
      if (value === null) continue
      const place = { operation: this.operation, argument: `arguments[${index}]`, sql: this.sql }
      const refused = notBytes(value, place)
      if (refused !== undefined) return refused
    }
    return undefined
  }

  private usage(argument: string, reason: string): PgUsageError {
    return new PgUsageError({ operation: this.operation, argument, reason, sql: this.sql })
  }

  open(core: ConnectionState): PipelineScript | undefined {
    const refused = this.refused
    if (refused !== undefined) {
      this.fail(refused)
      return undefined
    }
    const format = this.call.format ?? 1
    Message.FunctionCall.encode(core.writer, {
      _tag: "FunctionCall",
      functionOid: this.call.functionOid,
      argumentFormats: [format],
      arguments: this.call.arguments,
      resultFormat: format
    })
    const reason = core.writer.failure
    if (reason === null) return Machine.script
    this.fail(this.usage("arguments", `cannot be sent: ${reason}`))
    return undefined
  }

  override onValue(_core: ConnectionState, value: Uint8Array | null): void {
    this.value = value
  }

  protected onSettled(): void {
    this.outcome(this.failure, this.value)
  }
}
