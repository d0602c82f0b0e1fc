package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * What a shard has.
 *
 * @param name of its files, without their ends, such as {@code shard-00003}
 * @param tokens their number, end tokens included
 * @param documents their number
 * @param digest SHA-256 of the SHA-256s of its files: tokens, documents, and which tokens are learned, where there is such a file
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ShardInfo(String name, long tokens, long documents, String digest) {}
