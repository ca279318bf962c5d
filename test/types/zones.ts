/** Runs a check in several time zones of the host, with daylight saving at midnight and odd offsets among them. */
export const inZones = (check: () => void): void => {
  const before = process.env["TZ"]
  try {
    for (const zone of [
      "UTC",
      "America/Los_Angeles",
      "Asia/Kolkata",
      "Pacific/Kiritimati",
      "America/Sao_Paulo"
    ]) {
      process.env["TZ"] = zone
      check()
    }
  } finally {
    if (before === undefined) delete process.env["TZ"]
    else process.env["TZ"] = before
  }
}
