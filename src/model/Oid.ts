// Generated from the server's pg_type by test/tools/generateTables.ts; do not edit.
/** OIDs of the built-in types and their arrays. */

/** `bool`. */
export const bool = 16
/** Array of `bool`. */
export const boolArray = 1000
/** `bytea`. */
export const bytea = 17
/** Array of `bytea`. */
export const byteaArray = 1001
/** `char`. */
export const charInternal = 18
/** Array of `char`. */
export const charInternalArray = 1002
/** `name`. */
export const name = 19
/** Array of `name`. */
export const nameArray = 1003
/** `int8`. */
export const int8 = 20
/** Array of `int8`. */
export const int8Array = 1016
/** `int2`. */
export const int2 = 21
/** Array of `int2`. */
export const int2Array = 1005
/** `int2vector`. */
export const int2vector = 22
/** Array of `int2vector`. */
export const int2vectorArray = 1006
/** `int4`. */
export const int4 = 23
/** Array of `int4`. */
export const int4Array = 1007
/** `regproc`. */
export const regproc = 24
/** Array of `regproc`. */
export const regprocArray = 1008
/** `text`. */
export const text = 25
/** Array of `text`. */
export const textArray = 1009
/** `oid`. */
export const oid = 26
/** Array of `oid`. */
export const oidArray = 1028
/** `tid`. */
export const tid = 27
/** Array of `tid`. */
export const tidArray = 1010
/** `xid`. */
export const xid = 28
/** Array of `xid`. */
export const xidArray = 1011
/** `cid`. */
export const cid = 29
/** Array of `cid`. */
export const cidArray = 1012
/** `oidvector`. */
export const oidvector = 30
/** Array of `oidvector`. */
export const oidvectorArray = 1013
/** `pg_ddl_command`. */
export const pgDdlCommand = 32
/** `json`. */
export const json = 114
/** Array of `json`. */
export const jsonArray = 199
/** `xml`. */
export const xml = 142
/** Array of `xml`. */
export const xmlArray = 143
/** `table_am_handler`. */
export const tableAmHandler = 269
/** `index_am_handler`. */
export const indexAmHandler = 325
/** `point`. */
export const point = 600
/** Array of `point`. */
export const pointArray = 1017
/** `lseg`. */
export const lseg = 601
/** Array of `lseg`. */
export const lsegArray = 1018
/** `path`. */
export const path = 602
/** Array of `path`. */
export const pathArray = 1019
/** `box`. */
export const box = 603
/** Array of `box`. */
export const boxArray = 1020
/** `polygon`. */
export const polygon = 604
/** Array of `polygon`. */
export const polygonArray = 1027
/** `line`. */
export const line = 628
/** Array of `line`. */
export const lineArray = 629
/** `cidr`. */
export const cidr = 650
/** Array of `cidr`. */
export const cidrArray = 651
/** `float4`. */
export const float4 = 700
/** Array of `float4`. */
export const float4Array = 1021
/** `float8`. */
export const float8 = 701
/** Array of `float8`. */
export const float8Array = 1022
/** `unknown`. */
export const unknown = 705
/** `circle`. */
export const circle = 718
/** Array of `circle`. */
export const circleArray = 719
/** `macaddr8`. */
export const macaddr8 = 774
/** Array of `macaddr8`. */
export const macaddr8Array = 775
/** `money`. */
export const money = 790
/** Array of `money`. */
export const moneyArray = 791
/** `macaddr`. */
export const macaddr = 829
/** Array of `macaddr`. */
export const macaddrArray = 1040
/** `inet`. */
export const inet = 869
/** Array of `inet`. */
export const inetArray = 1041
/** `aclitem`. */
export const aclitem = 1033
/** Array of `aclitem`. */
export const aclitemArray = 1034
/** `bpchar`. */
export const bpchar = 1042
/** Array of `bpchar`. */
export const bpcharArray = 1014
/** `varchar`. */
export const varchar = 1043
/** Array of `varchar`. */
export const varcharArray = 1015
/** `date`. */
export const date = 1082
/** Array of `date`. */
export const dateArray = 1182
/** `time`. */
export const time = 1083
/** Array of `time`. */
export const timeArray = 1183
/** `timestamp`. */
export const timestamp = 1114
/** Array of `timestamp`. */
export const timestampArray = 1115
/** `timestamptz`. */
export const timestamptz = 1184
/** Array of `timestamptz`. */
export const timestamptzArray = 1185
/** `interval`. */
export const interval = 1186
/** Array of `interval`. */
export const intervalArray = 1187
/** `timetz`. */
export const timetz = 1266
/** Array of `timetz`. */
export const timetzArray = 1270
/** `bit`. */
export const bit = 1560
/** Array of `bit`. */
export const bitArray = 1561
/** `varbit`. */
export const varbit = 1562
/** Array of `varbit`. */
export const varbitArray = 1563
/** `numeric`. */
export const numeric = 1700
/** Array of `numeric`. */
export const numericArray = 1231
/** `refcursor`. */
export const refcursor = 1790
/** Array of `refcursor`. */
export const refcursorArray = 2201
/** `regprocedure`. */
export const regprocedure = 2202
/** Array of `regprocedure`. */
export const regprocedureArray = 2207
/** `regoper`. */
export const regoper = 2203
/** Array of `regoper`. */
export const regoperArray = 2208
/** `regoperator`. */
export const regoperator = 2204
/** Array of `regoperator`. */
export const regoperatorArray = 2209
/** `regclass`. */
export const regclass = 2205
/** Array of `regclass`. */
export const regclassArray = 2210
/** `regtype`. */
export const regtype = 2206
/** Array of `regtype`. */
export const regtypeArray = 2211
/** `record`. */
export const record = 2249
/** Array of `record`. */
export const recordArray = 2287
/** `cstring`. */
export const cstring = 2275
/** Array of `cstring`. */
export const cstringArray = 1263
/** `any`. */
export const any = 2276
/** `anyarray`. */
export const anyarray = 2277
/** `void`. */
export const voidType = 2278
/** `trigger`. */
export const trigger = 2279
/** `language_handler`. */
export const languageHandler = 2280
/** `internal`. */
export const internal = 2281
/** `anyelement`. */
export const anyelement = 2283
/** `anynonarray`. */
export const anynonarray = 2776
/** `uuid`. */
export const uuid = 2950
/** Array of `uuid`. */
export const uuidArray = 2951
/** `txid_snapshot`. */
export const txidSnapshot = 2970
/** Array of `txid_snapshot`. */
export const txidSnapshotArray = 2949
/** `fdw_handler`. */
export const fdwHandler = 3115
/** `pg_lsn`. */
export const pgLsn = 3220
/** Array of `pg_lsn`. */
export const pgLsnArray = 3221
/** `tsm_handler`. */
export const tsmHandler = 3310
/** `pg_ndistinct`. */
export const pgNdistinct = 3361
/** `pg_dependencies`. */
export const pgDependencies = 3402
/** `anyenum`. */
export const anyenum = 3500
/** `tsvector`. */
export const tsvector = 3614
/** Array of `tsvector`. */
export const tsvectorArray = 3643
/** `tsquery`. */
export const tsquery = 3615
/** Array of `tsquery`. */
export const tsqueryArray = 3645
/** `gtsvector`. */
export const gtsvector = 3642
/** Array of `gtsvector`. */
export const gtsvectorArray = 3644
/** `regconfig`. */
export const regconfig = 3734
/** Array of `regconfig`. */
export const regconfigArray = 3735
/** `regdictionary`. */
export const regdictionary = 3769
/** Array of `regdictionary`. */
export const regdictionaryArray = 3770
/** `jsonb`. */
export const jsonb = 3802
/** Array of `jsonb`. */
export const jsonbArray = 3807
/** `anyrange`. */
export const anyrange = 3831
/** `event_trigger`. */
export const eventTrigger = 3838
/** `int4range`. */
export const int4range = 3904
/** Array of `int4range`. */
export const int4rangeArray = 3905
/** `numrange`. */
export const numrange = 3906
/** Array of `numrange`. */
export const numrangeArray = 3907
/** `tsrange`. */
export const tsrange = 3908
/** Array of `tsrange`. */
export const tsrangeArray = 3909
/** `tstzrange`. */
export const tstzrange = 3910
/** Array of `tstzrange`. */
export const tstzrangeArray = 3911
/** `daterange`. */
export const daterange = 3912
/** Array of `daterange`. */
export const daterangeArray = 3913
/** `int8range`. */
export const int8range = 3926
/** Array of `int8range`. */
export const int8rangeArray = 3927
/** `jsonpath`. */
export const jsonpath = 4072
/** Array of `jsonpath`. */
export const jsonpathArray = 4073
/** `regnamespace`. */
export const regnamespace = 4089
/** Array of `regnamespace`. */
export const regnamespaceArray = 4090
/** `regrole`. */
export const regrole = 4096
/** Array of `regrole`. */
export const regroleArray = 4097
/** `regcollation`. */
export const regcollation = 4191
/** Array of `regcollation`. */
export const regcollationArray = 4192
/** `int4multirange`. */
export const int4multirange = 4451
/** Array of `int4multirange`. */
export const int4multirangeArray = 6150
/** `nummultirange`. */
export const nummultirange = 4532
/** Array of `nummultirange`. */
export const nummultirangeArray = 6151
/** `tsmultirange`. */
export const tsmultirange = 4533
/** Array of `tsmultirange`. */
export const tsmultirangeArray = 6152
/** `tstzmultirange`. */
export const tstzmultirange = 4534
/** Array of `tstzmultirange`. */
export const tstzmultirangeArray = 6153
/** `datemultirange`. */
export const datemultirange = 4535
/** Array of `datemultirange`. */
export const datemultirangeArray = 6155
/** `int8multirange`. */
export const int8multirange = 4536
/** Array of `int8multirange`. */
export const int8multirangeArray = 6157
/** `anymultirange`. */
export const anymultirange = 4537
/** `anycompatiblemultirange`. */
export const anycompatiblemultirange = 4538
/** `pg_brin_bloom_summary`. */
export const pgBrinBloomSummary = 4600
/** `pg_brin_minmax_multi_summary`. */
export const pgBrinMinmaxMultiSummary = 4601
/** `pg_mcv_list`. */
export const pgMcvList = 5017
/** `pg_snapshot`. */
export const pgSnapshot = 5038
/** Array of `pg_snapshot`. */
export const pgSnapshotArray = 5039
/** `xid8`. */
export const xid8 = 5069
/** Array of `xid8`. */
export const xid8Array = 271
/** `anycompatible`. */
export const anycompatible = 5077
/** `anycompatiblearray`. */
export const anycompatiblearray = 5078
/** `anycompatiblenonarray`. */
export const anycompatiblenonarray = 5079
/** `anycompatiblerange`. */
export const anycompatiblerange = 5080

const names: ReadonlyMap<number, string> = new Map([
  [16, "bool"],
  [1000, "bool[]"],
  [17, "bytea"],
  [1001, "bytea[]"],
  [18, "char"],
  [1002, "char[]"],
  [19, "name"],
  [1003, "name[]"],
  [20, "int8"],
  [1016, "int8[]"],
  [21, "int2"],
  [1005, "int2[]"],
  [22, "int2vector"],
  [1006, "int2vector[]"],
  [23, "int4"],
  [1007, "int4[]"],
  [24, "regproc"],
  [1008, "regproc[]"],
  [25, "text"],
  [1009, "text[]"],
  [26, "oid"],
  [1028, "oid[]"],
  [27, "tid"],
  [1010, "tid[]"],
  [28, "xid"],
  [1011, "xid[]"],
  [29, "cid"],
  [1012, "cid[]"],
  [30, "oidvector"],
  [1013, "oidvector[]"],
  [32, "pg_ddl_command"],
  [114, "json"],
  [199, "json[]"],
  [142, "xml"],
  [143, "xml[]"],
  [269, "table_am_handler"],
  [325, "index_am_handler"],
  [600, "point"],
  [1017, "point[]"],
  [601, "lseg"],
  [1018, "lseg[]"],
  [602, "path"],
  [1019, "path[]"],
  [603, "box"],
  [1020, "box[]"],
  [604, "polygon"],
  [1027, "polygon[]"],
  [628, "line"],
  [629, "line[]"],
  [650, "cidr"],
  [651, "cidr[]"],
  [700, "float4"],
  [1021, "float4[]"],
  [701, "float8"],
  [1022, "float8[]"],
  [705, "unknown"],
  [718, "circle"],
  [719, "circle[]"],
  [774, "macaddr8"],
  [775, "macaddr8[]"],
  [790, "money"],
  [791, "money[]"],
  [829, "macaddr"],
  [1040, "macaddr[]"],
  [869, "inet"],
  [1041, "inet[]"],
  [1033, "aclitem"],
  [1034, "aclitem[]"],
  [1042, "bpchar"],
  [1014, "bpchar[]"],
  [1043, "varchar"],
  [1015, "varchar[]"],
  [1082, "date"],
  [1182, "date[]"],
  [1083, "time"],
  [1183, "time[]"],
  [1114, "timestamp"],
  [1115, "timestamp[]"],
  [1184, "timestamptz"],
  [1185, "timestamptz[]"],
  [1186, "interval"],
  [1187, "interval[]"],
  [1266, "timetz"],
  [1270, "timetz[]"],
  [1560, "bit"],
  [1561, "bit[]"],
  [1562, "varbit"],
  [1563, "varbit[]"],
  [1700, "numeric"],
  [1231, "numeric[]"],
  [1790, "refcursor"],
  [2201, "refcursor[]"],
  [2202, "regprocedure"],
  [2207, "regprocedure[]"],
  [2203, "regoper"],
  [2208, "regoper[]"],
  [2204, "regoperator"],
  [2209, "regoperator[]"],
  [2205, "regclass"],
  [2210, "regclass[]"],
  [2206, "regtype"],
  [2211, "regtype[]"],
  [2249, "record"],
  [2287, "record[]"],
  [2275, "cstring"],
  [1263, "cstring[]"],
  [2276, "any"],
  [2277, "anyarray"],
  [2278, "void"],
  [2279, "trigger"],
  [2280, "language_handler"],
  [2281, "internal"],
  [2283, "anyelement"],
  [2776, "anynonarray"],
  [2950, "uuid"],
  [2951, "uuid[]"],
  [2970, "txid_snapshot"],
  [2949, "txid_snapshot[]"],
  [3115, "fdw_handler"],
  [3220, "pg_lsn"],
  [3221, "pg_lsn[]"],
  [3310, "tsm_handler"],
  [3361, "pg_ndistinct"],
  [3402, "pg_dependencies"],
  [3500, "anyenum"],
  [3614, "tsvector"],
  [3643, "tsvector[]"],
  [3615, "tsquery"],
  [3645, "tsquery[]"],
  [3642, "gtsvector"],
  [3644, "gtsvector[]"],
  [3734, "regconfig"],
  [3735, "regconfig[]"],
  [3769, "regdictionary"],
  [3770, "regdictionary[]"],
  [3802, "jsonb"],
  [3807, "jsonb[]"],
  [3831, "anyrange"],
  [3838, "event_trigger"],
  [3904, "int4range"],
  [3905, "int4range[]"],
  [3906, "numrange"],
  [3907, "numrange[]"],
  [3908, "tsrange"],
  [3909, "tsrange[]"],
  [3910, "tstzrange"],
  [3911, "tstzrange[]"],
  [3912, "daterange"],
  [3913, "daterange[]"],
  [3926, "int8range"],
  [3927, "int8range[]"],
  [4072, "jsonpath"],
  [4073, "jsonpath[]"],
  [4089, "regnamespace"],
  [4090, "regnamespace[]"],
  [4096, "regrole"],
  [4097, "regrole[]"],
  [4191, "regcollation"],
  [4192, "regcollation[]"],
  [4451, "int4multirange"],
  [6150, "int4multirange[]"],
  [4532, "nummultirange"],
  [6151, "nummultirange[]"],
  [4533, "tsmultirange"],
  [6152, "tsmultirange[]"],
  [4534, "tstzmultirange"],
  [6153, "tstzmultirange[]"],
  [4535, "datemultirange"],
  [6155, "datemultirange[]"],
  [4536, "int8multirange"],
  [6157, "int8multirange[]"],
  [4537, "anymultirange"],
  [4538, "anycompatiblemultirange"],
  [4600, "pg_brin_bloom_summary"],
  [4601, "pg_brin_minmax_multi_summary"],
  [5017, "pg_mcv_list"],
  [5038, "pg_snapshot"],
  [5039, "pg_snapshot[]"],
  [5069, "xid8"],
  [271, "xid8[]"],
  [5077, "anycompatible"],
  [5078, "anycompatiblearray"],
  [5079, "anycompatiblenonarray"],
  [5080, "anycompatiblerange"]
])

/** The built-in type's name, such as `int4` or `int4[]`; for other types `OID n`. */
export const nameOf = (oid: number): string => names.get(oid) ?? `OID ${oid}`
