package io.moe4j.safetensors;

import java.util.Map;

/**
 * What stands before the numbers.
 *
 * @param metadata text by key
 * @param tensors by name, in the order of their data
 * @param end the byte of the file at which the numbers begin
 */
record Header(Map<String, String> metadata, Map<String, TensorEntry> tensors, long end) {

    /** The key of the metadata among the tensors' names. */
    static final String METADATA = "__metadata__";
    /** Bytes before the header: its length. */
    static final int LENGTH_BYTES = Long.BYTES;
    /** The longest header that is read, in bytes; as in other readers of this format. */
    static final long LONGEST = 100_000_000;
}
