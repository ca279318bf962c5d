/**
 * The server's version as one number, as `server_version_num` gives it: 180004 for 18.4, 90624 for 9.6.24.
 *
 * @see https://www.postgresql.org/docs/current/libpq-status.html#LIBPQ-PQSERVERVERSION
 */

/**
 * Reads a value of `server_version`, such as `15.20 (Debian 15.20-1)`, `19beta3` or `20devel`; whatever follows the
 * numbers is passed over. `undefined` when there is no number to begin with.
 */
export const parse = (text: string): number | undefined => {
  const words = /^(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?/.exec(text)
  if (words === null) return undefined
  const [major, minor, patch] = [words[1], words[2], words[3]].map((word) => Number(word ?? 0)) as [
    number,
    number,
    number
  ]
  return major >= 10 ? major * 10_000 + minor : major * 10_000 + minor * 100 + patch
}
