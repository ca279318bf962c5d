/** Bearer tokens for servers that ask for OAuth. */
export { deviceFlow } from "./client/OAuthDevice.js"
export type { DeviceFlowOptions, DevicePrompt } from "./client/OAuthDevice.js"
