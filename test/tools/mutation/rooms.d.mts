export interface Room {
  readonly name: string
  readonly folder: string
  readonly tests: ReadonlyArray<string>
  readonly share: number
  readonly least: number
}
export declare const rooms: ReadonlyArray<Room>
export declare const roomOf: (path: string) => Room | undefined
export declare const chosenRoom: () => Room
export declare const reportOf: (room: Room) => string
