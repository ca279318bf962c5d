/** Large objects as streams and sinks. */
export * from "./connection/largeobject/LargeObject.js"
