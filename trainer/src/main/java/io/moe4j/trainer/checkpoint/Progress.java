package io.moe4j.trainer.checkpoint;

import io.moe4j.api.Stability;

/**
 * How far a run has come.
 *
 * @param step optimizer steps made
 * @param sequences sequences read by all ranks together: where the data goes on
 * @param seed that the order of the data comes from
 * @param ranks of the world that wrote it
 */
@Stability(Stability.Level.EVOLVING)
public record Progress(long step, long sequences, long seed, int ranks) {}
