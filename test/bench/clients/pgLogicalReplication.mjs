/**
 * `pg-logical-replication` with its parser for pgoutput, which reads text. As documented it answers every message with a
 * report of its position; timed, it reports every ten seconds and nothing else, which costs it least.
 */
import replication from "pg-logical-replication"

const { LogicalReplicationService, PgoutputPlugin } = replication

/** `auto`: whether every message is answered. */
export const opening =
  (auto) =>
  async ({ host, port, user, database, password }) => ({
    replicate: async ({ publication, slot, items }, onRow) => {
      const service = new LogicalReplicationService(
        { host, port, user, database, password },
        { acknowledge: { auto, timeoutSeconds: 10 } }
      )
      let seen = 0
      await new Promise((resolve, reject) => {
        service.on("error", reject)
        service.on("data", (_lsn, log) => {
          if (log.tag === "insert") {
            seen++
            onRow(log.new)
          } else if (log.tag === "commit" && seen === items) resolve()
        })
        service
          .subscribe(new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] }), slot)
          .catch(reject)
      })
      await service.stop()
    },
    close: async () => {}
  })

export const open = opening(true)
