package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;

/**
 * The run or checkpoint that a run continues.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface Resume {

    /** Nothing: the run begins with its first step. */
    record Nothing() implements Resume {}

    /**
     * A checkpoint that the user names.
     *
     * @param path the folder of a checkpoint, or of a run, for its newest
     */
    record From(Path path) implements Resume {}

    /**
     * The newest whole checkpoint of this run; if there is none, the run begins with its first step. So the same command can be used for
     * the first start and for every restart.
     */
    record Auto() implements Resume {}
}
