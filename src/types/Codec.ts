/**
 * How values of one PostgreSQL type are read and written, in text and in binary.
 *
 * Readers get the connection's one `ByteReader` with the place of the value; a value that cannot be read records a
 * failure on the reader and returns anything. Writers append the value's bytes (without the length word) to the
 * writer; a value that cannot be written records a failure, and the caller rolls the writer back.
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Format } from "../model/Format.js"

/** Reads a value from `length` bytes at `at`. What cannot be read is recorded on the reader, never thrown. */
export type Decode<A = unknown> = (reader: ByteReader, at: number, length: number) => A
/** Writes a value without its length. What cannot be written is recorded on the writer, never thrown. */
export type Encode = (writer: ByteWriter, value: unknown) => void

/** Which type a codec is for. */
export interface Names {
  /** The type's name in pg_type, such as `int4`. */
  readonly name: string
  readonly oid: number
  /** OID of the array over this type, 0 when there is no such type. */
  readonly arrayOid: number
}

/** How values of one type are read and written, in text and in binary. `PgTypes.mapped` makes one of another. */
export interface Codec<A = unknown> extends Names {
  /** Delimiter of array elements in text, one character of ASCII: `,`, for box `;`, for geometries `:`. */
  readonly delimiter: string
  /** True when a composite is in its values: what that consists of may be altered, and is asked for again. */
  readonly hasFields?: boolean
  /** True when a JavaScript array is a value of this type, as for JSON, and so no dimension of an array over it. */
  readonly elementsNest?: boolean
  readonly decodeText: Decode<A>
  /** Missing when the binary form is not known or not worth having: then text is asked for. */
  readonly decodeBinary: Decode<A> | undefined
  /**
   * The format its parameters travel in, when it is not the best there is: text for types that take strings in forms
   * only the server reads, such as `now`.
   */
  readonly parameterFormat?: Format
  readonly encodeText: Encode
  readonly encodeBinary: Encode | undefined
}
