package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * How far a source of the data has come.
 *
 * @param source its name
 * @param sequences that it has given, to all ranks together
 * @param epoch that it is in, from 1
 * @param counts of its longest pass so far
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record SourceProgress(String source, long sequences, long epoch, DataCounts counts) {}
