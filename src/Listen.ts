/** LISTEN and NOTIFY: notifications as streams that survive a lost session. */
export * from "./client/listen/Listen.js"
