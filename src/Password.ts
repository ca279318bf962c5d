/** Passwords of roles, hashed before they are sent. */
export * from "./connection/RolePassword.js"
