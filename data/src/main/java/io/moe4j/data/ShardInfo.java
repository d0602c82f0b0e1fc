package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * The content of a shard.
 *
 * @param name the name of its files, without their endings, such as {@code shard-00003}
 * @param tokens number of tokens, end tokens included
 * @param documents number of documents
 * @param digest SHA-256 of the SHA-256s of its files: tokens, documents, and which tokens are learned, where there is such a file
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ShardInfo(String name, long tokens, long documents, String digest) {}
