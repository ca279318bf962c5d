/** The whole checklist, in its own order. */
import type { Section } from "./item.js"
import { authentication } from "./items/authentication.js"
import { connection } from "./items/connection.js"
import { errors } from "./items/errors.js"
import { flow } from "./items/flow.js"
import { general } from "./items/general.js"
import { messages } from "./items/messages.js"
import { pgoutput } from "./items/pgoutput.js"
import { replication } from "./items/replication.js"
import { traps } from "./items/traps.js"
import { types } from "./items/types.js"

export const checklist: ReadonlyArray<Section> = [
  ...general,
  ...connection,
  ...authentication,
  ...messages,
  ...flow,
  ...errors,
  ...replication,
  ...pgoutput,
  ...types,
  ...traps
]
