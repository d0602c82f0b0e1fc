package io.moe4j.trainer.checkpoint.store;

/**
 * Consecutive bytes of a file that have one digest.
 *
 * @param bytes number of bytes, at least 1; they follow the bytes of the previous piece
 * @param sha256 their SHA-256, as 64 hexadecimal digits
 */
record Piece(long bytes, String sha256) {}
