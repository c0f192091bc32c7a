/** Something about a file or the device that the user must know, in one line. */
export class Fault extends Error {}
