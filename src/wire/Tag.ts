/** A tag byte for people: the character when it can be printed, else its value in hexadecimal. */
export const tagText = (tag: number): string =>
  tag > 32 && tag < 127 ? String.fromCharCode(tag) : `0x${tag.toString(16).padStart(2, "0")}`
