/** Dates, times, and what lies between two of them. */
import type { Sample } from "./sample.js"
import { pick, w } from "./sample.js"

export const date = "date '2000-01-01' + pg_temp.day()::int"
export const timestamp =
  "timestamp '2000-01-01' + make_interval(days => pg_temp.day()::int) + pg_temp.clock()"
export const timestamptz = `timestamptz '2000-01-01 00:00:00+00' + pg_temp.day() * interval '24 hours' + pg_temp.clock()`

export const times: ReadonlyArray<Sample> = [
  {
    type: "date",
    literals: [
      "infinity",
      "-infinity",
      "4714-11-24 BC",
      "5874897-12-31",
      "0001-01-01",
      "0001-12-31 BC",
      "2000-02-29",
      "0099-01-02"
    ],
    random: date,
    isDated: true,
    withinDate: true
  },
  { type: "time", literals: ["00:00:00", "23:59:59.999999", "24:00:00"], random: "pg_temp.clock()" },
  {
    type: "timetz",
    literals: ["00:00:00+00", "24:00:00-15:59:59", "23:59:59.999999+15:59:59", "12:00+05:30"],
    random: `(time '00:00' + pg_temp.clock())::text || ${pick("+", "-")} || format('%s:%s:%s', ${w(10, 15)}, ${w(10, 59)}, ${pick("00", "31")})`
  },
  {
    type: "timestamp",
    literals: [
      ...[
        "infinity",
        "-infinity",
        "4714-11-24 00:00:00 BC",
        "294276-12-31 23:59:59.999999",
        "1999-12-31 23:59:59.999999"
      ],
      ...["2000-01-01 00:00:00", "0001-12-31 23:59:59.5 BC", "2018-11-04 00:30:00", "0099-01-02 03:04:05"]
    ],
    random: timestamp,
    isDated: true,
    withinDate: true,
    familiarHolds: "nothing"
  },
  {
    type: "timestamptz",
    literals: [
      ...[
        "infinity",
        "-infinity",
        "4714-11-24 00:00:00+00 BC",
        "294276-12-31 23:59:59.999999+00",
        "1999-12-31 23:59:59.999999+00"
      ],
      ...[
        "2000-01-01 00:00:00+00",
        "1800-01-01 05:53:28+05:53:28",
        "0001-12-31 23:59:59.5+00 BC",
        "1971-06-01 00:00:00+00"
      ]
    ],
    random: timestamptz,
    isDated: true,
    withinDate: true,
    familiarHolds: "nothing"
  },
  {
    type: "interval",
    literals: [
      ...[
        "0",
        "-1 year -2 mons +3 days -04:05:06.789",
        "1 mon -1 day",
        "100 hours",
        "-00:00:00.000001",
        "1 day -00:00:01"
      ],
      ...["-178956970 years -7 mons -2147483647 days", "178956970 years 7 mons 2147483647 days"],
      ...["-1 mons -1 days", "13 mons", "-2147483647:59:59.999999"]
    ],
    random: `make_interval(years => ${w(-9999, 9999)}::int * ${w(0, 1)}::int, months => ${w(-13, 13)}::int, days => ${w(-400, 400)}::int * ${w(0, 1)}::int)
      + ${w(-2, 2)} * pg_temp.clock() + case when random() < 0.1 then make_interval(hours => ${w(-2e8, 2e8)}::int) else '0' end`,
    from: {
      version: 17,
      literals: [
        "infinity",
        "-infinity",
        "2562047788:00:54.775806",
        "-2562047788:00:54.775807",
        "-178956970 years -8 mons -2147483648 days",
        "-1 year -2 mons +3 days -04:05:06.789"
      ]
    }
  }
]
