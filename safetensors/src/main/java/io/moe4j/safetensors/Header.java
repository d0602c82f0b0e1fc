package io.moe4j.safetensors;

import java.util.Map;

/**
 * The header of a file, which precedes the data.
 *
 * @param metadata strings by key
 * @param tensors tensors by name, in the order of their data
 * @param end offset of the first data byte from the start of the file
 */
record Header(Map<String, String> metadata, Map<String, TensorEntry> tensors, long end) {

    /** The key of the metadata among the tensors' names. */
    static final String METADATA = "__metadata__";
    /** Bytes before the header: its length. */
    static final int LENGTH_BYTES = Long.BYTES;
    /** The longest accepted header, in bytes; other readers of this format have the same limit. */
    static final long LONGEST = 100_000_000;
}
