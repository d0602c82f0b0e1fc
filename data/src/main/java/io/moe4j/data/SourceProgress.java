package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * The progress of a source of the data.
 *
 * @param source its name
 * @param sequences number of sequences that it has given, to all ranks together
 * @param epoch its current epoch, from 1
 * @param counts counts of its longest pass so far
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SourceProgress(String source, long sequences, long epoch, DataCounts counts) {}
