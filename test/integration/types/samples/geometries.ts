/** Figures of the plane. */
import type { Sample } from "./sample.js"
import { pick, w } from "./sample.js"

export const geometries: ReadonlyArray<Sample> = [
  { type: "point", literals: ["(-0,NaN)", "(Infinity,1e-300)"], random: "pg_temp.point()", isFloating: true },
  {
    type: "line",
    literals: ["{1,2,3}", "{-1,0,1e20}"],
    random: `format('{%s,%s,%s}', ${w(1, 99)}, pg_temp.float(), pg_temp.float())`,
    isFloating: true
  },
  {
    type: "lseg",
    literals: ["[(1,2),(3,4)]"],
    random: "'[' || pg_temp.points(2, 2) || ']'",
    isFloating: true
  },
  { type: "box", literals: ["(1,2),(3,4)", "(0,0),(0,0)"], random: "pg_temp.points(2, 2)", isFloating: true },
  {
    type: "path",
    literals: ["[(1,2),(3,4)]", "((1,2),(3,4),(5,6))", "((0,-0))"],
    random: `replace(${pick("(_)", "[_]")}, '_', pg_temp.points(1, 5))`,
    isFloating: true
  },
  {
    type: "polygon",
    literals: ["((1,2),(3,4),(5,6))", "((0,-0))"],
    random: "'(' || pg_temp.points(1, 5) || ')'",
    isFloating: true
  },
  {
    type: "circle",
    literals: ["<(1,2),3>", "<(0.1,-0.5),0>"],
    random: "format('<%s,%s>', pg_temp.point(), random())",
    isFloating: true
  }
]
