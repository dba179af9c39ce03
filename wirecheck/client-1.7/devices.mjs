/** The official clients of applications of the next minor release. They need the modules of phones and desktops: runner/device.mjs. */
export { electronClient } from "@better-auth/electron/client";
export { electronProxyClient } from "@better-auth/electron/proxy";
export { expoClient } from "@better-auth/expo/client";
