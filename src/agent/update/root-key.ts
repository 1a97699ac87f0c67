// The public root key that updates are verified against. A release build puts its own in place of this; a checkout has none.

/** SPKI PEM of an Ed25519 key; undefined in a program that was not built by "npm run release". */
export const ROOT_KEY_PEM: string | undefined = undefined;
