/** Addresses of networks and devices, and strings of bits. */
import type { Sample } from "./sample.js"
import { w } from "./sample.js"

export const networks: ReadonlyArray<Sample> = [
  {
    type: "inet",
    literals: [
      "0.0.0.0/0",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:1.2.3.4",
      "::1.2.3.4",
      "1::2:0:0:3:4",
      "10.0.0.1/8",
      "::/0"
    ],
    random: `case when random() < 0.4 then format('%s.%s.%s.%s/%s', ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 32)})
      else (select string_agg(case when random() < 0.4 then '0' else to_hex(${w(0, 65535)}) end, ':') from generate_series(1, 8)) || '/' || ${w(0, 128)} end`
  },
  {
    type: "cidr",
    literals: ["10/8", "10.0.0.1/32", "2001:db8::/32", "::/0", "::ffff:0:0/96", "::/96", "0/0"],
    random: `case when random() < 0.4 then network(format('%s.%s.%s.%s/%s', ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 255)}, ${w(0, 32)})::inet)
      else network(((select string_agg(case when random() < 0.4 then '0' else to_hex(${w(0, 65535)}) end, ':') from generate_series(1, 8)) || '/' || ${w(0, 128)})::inet) end`
  },
  {
    type: "macaddr",
    literals: ["08002b-010203", "ff:ff:ff:ff:ff:ff"],
    random: "left(md5(random()::text), 12)"
  },
  { type: "macaddr8", literals: ["08:00:2b:01:02:03"], random: "left(md5(random()::text), 16)" },
  {
    type: "bit(13)",
    literals: ["0000000000000", "1111111111111"],
    random: "left(translate(md5(random()::text), '0123456789abcdef', '0101010101010101'), 13)"
  },
  {
    type: "varbit",
    literals: ["", "1", "10101010", "101010101"],
    random: `left(translate(md5(random()::text), '0123456789abcdef', '0101010101010101'), ${w(0, 32)}::int)`
  }
]
