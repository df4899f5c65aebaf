import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Addresses that mean something inside one network alone (IANA's registries of special-purpose addresses). */
const inside = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(net, bits, 'ipv6');

/** Whether a host, as in a URL, is this machine: 127.0.0.0/8, ::1 or localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || isIn(loopback, host);
}

/** Whether a host, as in a URL or as an address, is inside a private network: by its address, or a name without a dot. */
export function isPrivate(host: string): boolean {
  if (isIn(inside, host)) return true;
  return isIP(bare(host)) === 0 && /^[^.]+$|\.(localhost|local|internal)$/.test(host.replace(/\.$/, ''));
}

function isIn(list: BlockList, host: string): boolean {
  const address = bare(host);
  const family = isIP(address);
  // IPv4 within IPv6 (::ffff:a.b.c.d) is looked up as IPv4 by the list itself.
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** An IPv6 address without the brackets it has in a URL. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
