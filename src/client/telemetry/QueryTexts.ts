/** Texts of statements as telemetry shows them: each is worked out once. */
import * as QuerySummary from "../../model/QuerySummary.js"
import * as SanitizedSql from "../../model/SanitizedSql.js"
import type { TelemetryOptions } from "./TelemetryOptions.js"

export interface QueryText {
  readonly summary: string
  /** `undefined`: texts are not shown. */
  readonly shown: string | undefined
}

/** Texts that are kept, before all of them are forgotten. */
const maxTexts = 1000

export class QueryTexts {
  private readonly known = new Map<string, QueryText>()

  constructor(private readonly mode: TelemetryOptions["queryText"] = "sanitized") {}

  of(sql: string): QueryText {
    const known = this.known.get(sql)
    if (known !== undefined) return known
    const shown = this.mode === "none" ? undefined : this.mode === "full" ? sql : SanitizedSql.of(sql)
    const text = { summary: QuerySummary.of(sql), shown }
    if (this.known.size >= maxTexts) this.known.clear()
    this.known.set(sql, text)
    return text
  }
}
