export interface Room {
  readonly name: string
  readonly folder: string
  readonly least: number
}
export declare const rooms: ReadonlyArray<Room>
export declare const roomOf: (path: string) => Room | undefined
