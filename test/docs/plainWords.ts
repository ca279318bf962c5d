/**
 * Words that names of files in `src` may have without an entry in the glossary: those of PostgreSQL's manual, of Effect, and of everyday
 * English in their everyday meaning.
 */
export const plainWords: ReadonlySet<string> = new Set(
  `
    address answers arbitraries archive array arrays as ascii assemble assembler async attempt auth
    authenticate authentication backend backup base base64 batch batches batching bearer begin binaries
    binary binding bit bits block blocks booleans both buffer by byte bytes cache calendar call cancel
    catalog catalogue catch chain change changes channel channels check checked checksum chunk cidr citext
    cleanup client clock closing cluster codec codecs column columns combine command comment commits compare
    compared compatible compiled compiler composites compression concurrency conditions config confirm
    connect connection connections connector consume containers conventions conversation copies copy count
    crc32c credentials csv cube cubes current cursor database date dates deadline declared decoder decoding
    decompression default definitions describe device diff domains dropped duplex effect embedded emit
    encoder encrypt end entropy enums environment error escapes event events ewkb exact exactly exit
    expected explicit extended extensions facts fail failure fault field fields file files fixed float4
    float8 floats folder for format formats fragment framer free frontend function generated geometries
    geometry gis group gss guard guards halves handle handler hash header helpers hint history hook host
    hosts hstore identifier identity idle ids in inbound incremental index inet input inside inspected
    inspection instances int64 integers interval intervals ip issue json keep key keyed keys keyword label
    large layers layouts length lexer limits line link list listen listener liveness local locally lock log
    logical lookup loop lsn mac machine make malformed manifest mapped mark material md5 mechanism member
    memory message messages microseconds migrator missing modifier multirange name named names negotiation
    network networks node notice notification nulls numeric numerics o object observer oid once open
    openings operation operations option optional options origin out outbound output own package packet page
    parameter parameters parse parser partial partition parts pass password path payload pg phase physical
    pipeline place plain plan plugin plugins point policy pool pooled pooler port portal position post
    postgres prep preparation prepare printed private process progress protocol proxy publication published
    pull query queue queued quoting random range ranges raw read reader readiness reading readings reconnect
    record recovery refusal refused registry relation relations renamed rendered rendering replaceable
    replication report request requests resolve result retries retry return ring role row rows same sasl savepoint
    scheduler schema scram scripted search seeded server service session settings shape shared sharing short
    shutdown signal signature simple simulated simulation size slot snapshot socket sockets source space
    sparse sql standby start startup state statement statistics status step steps stop store stream streamed
    string summary system table tables tablespace tag tagged tar target template test testing text texts
    threw tid time timeline times timestamp timestamps tls tokens trace traced transaction transactions
    transfer transforms transition transport tree trees ts tuple two type typed types tz unchanged up uri
    user utf8 uuids value values vector vectors verification verify version view virtual vocabulary wait wal
    wal2 walsender wire words wrap writer written
  `.split(/\s+/)
)
