/** A PostgreSQL type by OID, as stated for a parameter; `0` leaves the choice to the server. */
export type TypeRef = number
