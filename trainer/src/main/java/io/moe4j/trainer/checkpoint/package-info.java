/** Saves the state of a run, and loads it, with whatever parallelism. */
@NullMarked
package io.moe4j.trainer.checkpoint;

import org.jspecify.annotations.NullMarked;
