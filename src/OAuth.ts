/** Bearer tokens for servers that ask for OAuth. */
export { deviceFlow } from "./connection/opening/OAuthDevice.js"
export type { DeviceFlowOptions, DevicePrompt } from "./connection/opening/OAuthDevice.js"
