package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * What a shard has.
 *
 * @param name of its files, without their ends, such as {@code shard-00003}
 * @param tokens their number, end tokens included
 * @param documents their number
 * @param digest SHA-256 of the file of tokens and the file of documents, one after another
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ShardInfo(String name, long tokens, long documents, String digest) {}
