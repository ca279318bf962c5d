/** LISTEN and NOTIFY: notifications as streams that survive a lost session. `layer` provides the listener, `listen` subscribes, `notify` sends. */
export * from "./client/listen/Listen.js"
