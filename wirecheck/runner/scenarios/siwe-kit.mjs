/** Messages of EIP-4361. */
export const domain = "app.example.com";
export const wallet = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";

/** The text that a wallet signs. */
export function siweMessage({ nonce, chainId = 1, address = wallet, domain: host = domain, uri = `https://${domain}/login`, expirationTime, notBefore }) {
  return [
    `${host} wants you to sign in with your Ethereum account:`, address, "", "Sign in to the app.", "",
    `URI: ${uri}`, "Version: 1", `Chain ID: ${chainId}`, `Nonce: ${nonce}`, "Issued At: 2026-01-01T00:00:00.000Z",
    ...(expirationTime ? [`Expiration Time: ${expirationTime}`] : []), ...(notBefore ? [`Not Before: ${notBefore}`] : []),
  ].join("\n");
}
