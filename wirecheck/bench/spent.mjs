/** The processor time that a process has used, in milliseconds: user and system, in ticks of 10 (Linux). */
import { readFileSync } from "node:fs";

export function spent(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
