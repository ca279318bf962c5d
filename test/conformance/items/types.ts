/** Values, in text and in binary. */
import { settled, type Section } from "../item.js"

export const types: ReadonlyArray<Section> = [
  settled(
    "8.1",
    "In general",
    "protocol-overview.html#PROTOCOL-FORMAT-CODES",
    `
TYP-001 Types without a binary form are asked for as text, column by column.
TYP-002 OID and format choose the decoder; an unknown type is text or raw bytes, never a guess.
TYP-003 Lengths and modifiers are hints.
TYP-004 Types made at run time are looked up once and again when unknown.
TYP-005 What was looked up can be checked and forgotten.
TYP-006 A parameter is encoded by its declared type, and misfits follow written rules.
TYP-007 Null is null in both formats, and undefined has a written meaning.
TYP-008 Text is UTF-8, and what is not is not silently mangled.
TYP-009 A zero byte in text is refused here.
TYP-010 Every type comes back as it went, in both formats.
TYP-011 Modifiers are understood.
`
  ),
  settled(
    "8.3",
    "Booleans, bytes, characters",
    "datatype-character.html",
    `
TYP-012 Booleans.
TYP-013 Bytes in both text forms and raw.
TYP-014 The one-byte character.
TYP-015 Names.
TYP-016 Text keeps its padding.
TYP-017 Texts by other names.
TYP-018 Unknown is for literals only. :: fact
TYP-019 Void is empty.
`
  ),
  settled(
    "8.4",
    "Integers and identifiers",
    "datatype-numeric.html#DATATYPE-INT",
    `
TYP-020 Integers, the widest as bigint.
TYP-021 Unsigned identifiers.
TYP-022 Row identifiers.
TYP-023 Names of catalog objects.
TYP-024 Money is not taken for a number.
TYP-025 LSNs.
TYP-026 Snapshots.
`
  ),
  settled(
    "8.5",
    "Floating point",
    "datatype-numeric.html#DATATYPE-FLOAT",
    `
TYP-027 Both widths, exact in both formats.
TYP-028 Not-a-number, infinities and negative zero survive.
TYP-029 Exponents are compared by value.
TYP-030 Single precision is the same number from text and from binary.
TYP-031 What a float cannot hold is refused, neither rounded to an infinity nor to zero.
`
  ),
  settled(
    "8.6",
    "Numeric",
    "datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL",
    `
TYP-032 Digits in base 10000 with weight, sign and scale, the infinities included.
TYP-033 Trailing zeros are kept.
TYP-034 Special values ignore their scale.
TYP-035 Weights below zero and beyond the digits.
TYP-036 Our digits and scale agree.
TYP-037 Numbers at the limits of size are read and written.
TYP-038 Nothing becomes a float by itself.
`
  ),
  settled(
    "8.7",
    "JSON and XML",
    "datatype-json.html",
    `
TYP-039 Both kinds of JSON, with the version byte where it belongs.
TYP-040 Large numbers can be had exactly.
TYP-041 JSON null is not SQL null.
TYP-042 An array for a JSON parameter is JSON.
TYP-043 XML.
TYP-044 JSON paths.
`
  ),
  settled(
    "8.8",
    "Dates and times",
    "datatype-datetime.html",
    `
TYP-045 Dates, infinite ones and those beyond Date.
TYP-046 Timestamps to the microsecond.
TYP-047 Milliseconds are rounded down, also before 2000.
TYP-048 What has no zone gets none from the process.
TYP-049 Times, midnight at the end included.
TYP-050 Times with a zone, counted to the west.
TYP-051 Intervals keep months, days and microseconds apart.
TYP-052 ISO text in all its forms.
TYP-053 Other date styles are set aside or refused, never guessed.
TYP-054 All four interval styles, or binary.
TYP-055 Times are integers. :: fact
`
  ),
  settled(
    "8.9",
    "Identifiers and networks",
    "datatype-net-types.html",
    `
TYP-056 UUIDs.
TYP-057 Addresses and networks with the server's own family numbers.
TYP-058 Hardware addresses.
`
  ),
  settled("8.10", "Bits", "datatype-bit.html", `TYP-059 Strings of bits, the last byte padded.`),
  settled(
    "8.11",
    "Geometry",
    "datatype-geometric.html",
    `
TYP-060 Seven shapes in binary.
TYP-061 The same in text.
`
  ),
  settled(
    "8.12",
    "Text search",
    "datatype-textsearch.html",
    `
TYP-062 Vectors with positions and weights.
TYP-063 Queries, right operand first.
`
  ),
  settled(
    "8.13",
    "Arrays",
    "arrays.html",
    `
TYP-064 Dimensions, bounds and elements in binary.
TYP-065 Sizes are checked before memory is taken.
TYP-066 Whether there are nulls is read from the elements.
TYP-067 Text with bounds, quotes and the type's own delimiter.
TYP-068 White space between elements.
TYP-069 Only rectangular arrays are written; arrays of empty arrays are empty.
TYP-070 Bounds survive for those who ask.
TYP-071 The two vectors of old.
TYP-072 Arrays of composites, ranges, domains and enums.
TYP-073 Arrays of domains and domains over arrays.
TYP-074 A nested array is a dimension, except for JSON.
`
  ),
  settled(
    "8.14",
    "Ranges",
    "rangetypes.html",
    `
TYP-075 Flags and bounds in binary.
TYP-076 Brackets and quotes in text.
TYP-077 No bound is not an infinite value.
TYP-078 The server makes discrete ranges canonical. :: fact
TYP-079 Multiranges.
`
  ),
  settled(
    "8.15",
    "Composites, enums, domains",
    "rowtypes.html",
    `
TYP-080 Composites in binary; anonymous ones only towards us.
TYP-081 Composites in text.
TYP-082 Fields follow the catalog, and stale knowledge is noticed.
TYP-083 Enums are their labels.
TYP-084 Domains are their base, except where their own OID shows.
`
  ),
  settled(
    "8.16",
    "Extensions",
    "contrib.html",
    `
TYP-085 hstore.
TYP-086 ltree and its queries.
TYP-087 cube.
TYP-088 Vectors of three kinds.
TYP-089 Geometries pass through untouched.
`
  )
]
