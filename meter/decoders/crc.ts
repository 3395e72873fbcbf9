/** A reflected CRC-16 over bytes; which one, its polynomial (reflected), start and final XOR say. */
function crc16(polynomial: number, start: number, xor: number): (bytes: Uint8Array) => number {
  const table = Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1;
    return crc;
  });
  return (bytes) => {
    let crc = start;
    for (const byte of bytes) crc = (crc >> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
    return crc ^ xor;
  };
}

/** CRC-16/ARC (`panel`, DSMR): "123456789" gives 0xBB3D. */
export const crc16Arc = crc16(0xa001, 0, 0);
/** CRC-16/MODBUS: "123456789" gives 0x4B37. */
export const crc16Modbus = crc16(0xa001, 0xffff, 0);
/** CRC-16/X-25 (SML): "123456789" gives 0x906E. */
export const crc16X25 = crc16(0x8408, 0xffff, 0xffff);
/** CRC-16/KERMIT (SML of Holley meters): "123456789" gives 0x2189. */
export const crc16Kermit = crc16(0x8408, 0, 0);
