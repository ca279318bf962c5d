/** `pg-logical-replication` that reports its position every ten seconds only. */
import { opening } from "./pgLogicalReplication.mjs"

export const open = opening(false)
