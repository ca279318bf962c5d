/**
 * The function-call sub-protocol: one function by OID, arguments and result as bytes. A legacy of the protocol, kept for
 * large objects; a SELECT does the same and more.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-FUNCTION-CALL
 */
import type { Format } from "../../model/Format.js"
import { PgUsageError } from "../../model/PgError.js"
import type { Script } from "../../protocol/Pipeline.js"
import * as Machine from "../../protocol/FunctionCall.js"
import * as Message from "../../wire/messages/FunctionCall.js"
import type { Core } from "../session/Core.js"
import type { Outcome } from "../session/Request.js"
import { Request } from "../session/Request.js"

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
    super(`function ${call.functionOid}`)
  }

  override get exclusive(): boolean {
    return true
  }
  override get operation(): string {
    return "callFunction"
  }
  override get simple(): boolean {
    return true
  }

  open(core: Core): Script | undefined {
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
    this.fail(
      new PgUsageError({
        operation: this.operation,
        argument: "arguments",
        reason: `cannot be sent: ${reason}`,
        sql: this.sql
      })
    )
    return undefined
  }

  override onValue(_core: Core, value: Uint8Array | null): void {
    this.value = value
  }

  protected onSettled(): void {
    this.outcome(this.failure, this.value)
  }
}
